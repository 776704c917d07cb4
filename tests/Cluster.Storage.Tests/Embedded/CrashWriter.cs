using System.Globalization;
using System.Text;
using Cluster.Storage.Embedded;

namespace Cluster.Storage.Tests.Embedded;

/// <summary>Runs in a child process of <see cref="CrashTests"/>, which kills it.</summary>
public sealed class CrashWriter
{
    public const string DirectoryVariable = "CLUSTER_TEST_STORE";
    public const string AcknowledgedFile = "acknowledged";

    private const int Writers = 16;

    [Fact(Explicit = true)]
    public async Task WriteUntilKilled()
    {
        var directory = Environment.GetEnvironmentVariable(DirectoryVariable);
        Assert.SkipWhen(directory is null, "only a child process of CrashTests runs it");
        await using var store = await EmbeddedStore.OpenAsync(new EmbeddedStoreOptions { Directory = directory, RetainedRevisions = 100 });
        // What a write has handed to the kernel outlives the process: the file is the record of what was acknowledged.
        await using var acknowledged = new FileStream(Path.Combine(directory, AcknowledgedFile), FileMode.Append, FileAccess.Write, FileShare.Read, 0);
        var gate = new Lock();
        await Task.WhenAll(Enumerable.Range(0, Writers).Select(writer => Task.Run(() => WriteAsync(writer))));

        async Task WriteAsync(int writer)
        {
            for (var i = 0; ; i++)
            {
                var key = string.Create(CultureInfo.InvariantCulture, $"/registry/pods/{Environment.ProcessId}-{writer}-{i}");
                var result = await store.TxnAsync(new StoreTxn([new(key, 0)], [new StoreOp(key, new byte[1500])]), CancellationToken.None);
                var line = string.Create(CultureInfo.InvariantCulture, $"{result.Revision} {key}\n");
                lock (gate)
                    acknowledged.Write(Encoding.ASCII.GetBytes(line));
            }
        }
    }
}

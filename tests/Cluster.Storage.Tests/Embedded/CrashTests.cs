using System.Diagnostics;
using System.Globalization;
using Cluster.Storage.Embedded;
using Cluster.Testing;

namespace Cluster.Storage.Tests.Embedded;

public sealed class CrashTests
{
    private const int Rounds = 3;
    private const int WritesARound = 300;

    [Fact]
    public async Task KillNineUnderWrites_EveryAcknowledgedWrite_IsThere()
    {
        var cancel = TestContext.Current.CancellationToken;
        using var directory = new TempDirectory();
        for (var round = 1; round <= Rounds; round++)
            await WriteAndKillAsync(directory, round * WritesARound);

        await using var store = await EmbeddedStore.OpenAsync(new EmbeddedStoreOptions { Directory = directory.Path });
        var entries = (await store.RangeAsync("/registry/", null, 0, 0, cancel)).Entries.ToDictionary(entry => entry.Key, entry => entry.ModRevision);
        var acknowledged = Acknowledged(directory);
        Assert.True(acknowledged.Count >= Rounds * WritesARound);
        Assert.All(acknowledged, write => Assert.Equal(write.Revision, entries[write.Key]));
        Assert.True(await store.GetRevisionAsync(cancel) >= acknowledged.Max(write => write.Revision));
    }

    private static async Task WriteAndKillAsync(TempDirectory directory, int untilAcknowledged)
    {
        var program = Path.ChangeExtension(typeof(CrashTests).Assembly.Location, null);
        var start = new ProcessStartInfo(program, ["-explicit", "only", "-method", $"{typeof(CrashWriter).FullName}.{nameof(CrashWriter.WriteUntilKilled)}"])
        {
            RedirectStandardOutput = true,
            Environment = { [CrashWriter.DirectoryVariable] = directory.Path },
        };
        using var child = Process.Start(start)!;
        try
        {
            await Eventually.True(() => child.HasExited || Acknowledged(directory).Count >= untilAcknowledged, "writes of the child process");
            Assert.False(child.HasExited, "the writer ended by itself");
        }
        finally
        {
            child.Kill();
            await child.WaitForExitAsync();
        }
    }

    private static List<(long Revision, string Key)> Acknowledged(TempDirectory directory)
    {
        var path = directory.File(CrashWriter.AcknowledgedFile);
        if (!File.Exists(path))
            return [];
        using var file = new FileStream(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite);
        using var reader = new StreamReader(file);
        var whole = reader.ReadToEnd().Split('\n')[..^1];
        return [.. whole.Select(line => line.Split(' ')).Select(words => (long.Parse(words[0], CultureInfo.InvariantCulture), words[1]))];
    }
}

using System.CommandLine;
using Cluster.ApiServer.Pki;
using Cluster.Cli.Hosting;
using Cluster.Storage;
using Cluster.Storage.Transforming;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Cli.Commands;

/// <summary><c>cluster secrets rotate</c>: a new key for Secrets at rest, or for service account tokens.</summary>
internal static class SecretsCommand
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static Command Create()
    {
        Option<string> data = ClusterOptions.DataOption();
        var etcd = new EtcdOptions("--etcd-servers");
        var tokens = new Option<bool>("--tokens") { Description = "the key that signs service account tokens, instead of the one that encrypts Secrets" };
        var rotate = new Command("rotate", "Make a new key and encrypt all Secrets with it; a cluster that runs goes on running.") { data, tokens };
        foreach (Option option in etcd.All) rotate.Add(option);
        rotate.SetAction(async (parsed, cancellationToken) =>
        {
            DataDirectory folder = DataDirectory.At(parsed.GetValue(data)!);
            await (parsed.GetValue(tokens) ? RotateTokensAsync(folder, cancellationToken) : RotateAsync(folder, etcd.Read(parsed), cancellationToken));
            return 0;
        });
        return new Command("secrets", "Keys of what the cluster keeps secret.") { rotate };
    }

    private static async Task RotateTokensAsync(DataDirectory data, CancellationToken cancellationToken)
    {
        if (!File.Exists(Path.Combine(data.Pki, "sa.key"))) throw Nothing(data);
        await ClusterPki.At(data.Root).RotateServiceAccountKeyAsync(cancellationToken);
        Console.WriteLine("service account tokens are signed with a new key; those of the last two keys stay good until they end");
    }

    private static async Task RotateAsync(DataDirectory data, EtcdSettings etcd, CancellationToken cancellationToken)
    {
        if (!File.Exists(data.EncryptionKeys)) throw Nothing(data);
        // Values of a key that is dropped could not be read: the last rotation must have come to its end.
        await FinishAsync(data, etcd, EncryptionKeyFile.Read(data.EncryptionKeys)[0].Name, cancellationToken);
        string name = await EncryptionKeyFile.RotateAsync(data.EncryptionKeys, cancellationToken);
        await FinishAsync(data, etcd, name, cancellationToken);
        Console.WriteLine($"all secrets are encrypted with {name}; the keys before it are kept for reading what the store remembers");
    }

    /// <summary>By the API server that has the store, or by this process.</summary>
    private static async Task FinishAsync(DataDirectory data, EtcdSettings etcd, string key, CancellationToken cancellationToken)
    {
        EncryptedStore store;
        try
        {
            Directory.CreateDirectory(data.Run);
            store = await Stores.OpenAsync(etcd, data, NullLoggerFactory.Instance, TimeProvider.System, cancellationToken);
        }
        catch (StoreException inUse) when (!etcd.IsUsed && inUse.Message.Contains("in use", StringComparison.Ordinal))
        {
            await Readiness.TrueAsync(() => File.Exists(data.EncryptedWith) && File.ReadAllText(data.EncryptedWith) == key, $"the API server to encrypt with {key}", Limit, TimeProvider.System, cancellationToken);
            return;
        }

        await using (store)
            await store.EncryptAllAsync(cancellationToken);
    }

    private static CliException Nothing(DataDirectory data) =>
        new($"there is no cluster in {data.Root}: name its folder with --data DIR");
}

using Cluster.Storage;
using Cluster.Storage.Embedded;
using Cluster.Storage.Etcd;
using Cluster.Storage.Transforming;
using Microsoft.Extensions.Logging;

namespace Cluster.Cli.Hosting;

/// <summary>Opens the store a cluster is kept in, with Secrets encrypted by a key of the data folder.</summary>
internal static class Stores
{
    public static async Task<EncryptedStore> OpenAsync(
        EtcdSettings etcd, DataDirectory data, ILoggerFactory logs, TimeProvider time, CancellationToken cancellationToken)
    {
        IStore store = !etcd.IsUsed
            ? await EmbeddedStore.OpenAsync(new EmbeddedStoreOptions { Directory = data.Store, Time = time, Logger = logs.CreateLogger<EmbeddedStore>() })
            : await EtcdStore.ConnectAsync(
                new EtcdStoreOptions
                {
                    Endpoints = etcd.Endpoints, CaFile = etcd.CaFile, CertificateFile = etcd.CertificateFile, KeyFile = etcd.KeyFile, Time = time,
                    Logger = logs.CreateLogger<EtcdStore>(),
                },
                cancellationToken);
        try
        {
            EncryptionKeyRing ring = await EncryptionKeyRing.OpenAsync(data.EncryptionKeys, cancellationToken);
            return new EncryptedStore(store, ring, data, logs.CreateLogger<EncryptedStore>(), time);
        }
        catch
        {
            await store.DisposeAsync();
            throw;
        }
    }
}

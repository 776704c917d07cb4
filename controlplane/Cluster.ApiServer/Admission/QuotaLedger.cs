using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.WatchCache;
using Cluster.Storage;

namespace Cluster.ApiServer.Admission;

/// <summary>Changes the status of several ResourceQuotas at once, or of none. Safe for any number of API servers on one store.</summary>
internal sealed class QuotaLedger(IStore store)
{
    private static readonly ResourceType Quotas = ResourceCatalog.For<ResourceQuota>();

    /// <summary>Applies the change to the newest state of each quota; another writer in between makes it apply again.</summary>
    /// <param name="keys">Store keys; a quota that is gone is passed over.</param>
    /// <param name="isDryRun">Check and write nothing.</param>
    /// <param name="change">Changes the quota it is given and returns whether it did; what it throws ends everything.</param>
    /// <param name="cancellationToken">Ends the call; whether it wrote is then unknown.</param>
    public async ValueTask ChangeAsync(
        IReadOnlyList<string> keys, bool isDryRun, Func<ResourceQuota, bool> change, CancellationToken cancellationToken)
    {
        for (var tries = 0; tries < ObjectWriter.MaxTries; tries++)
        {
            List<StoreCompare> compares = [];
            List<StoreOp> puts = [];
            foreach (var key in keys)
            {
                if (await store.GetAsync(key, cancellationToken) is not { } entry)
                    continue;
                var quota = (ResourceQuota)StoredForm.Decode(Quotas, entry).Object;
                if (!change(quota))
                    continue;
                compares.Add(new StoreCompare(key, entry.ModRevision));
                puts.Add(new StoreOp(key, StoredForm.Encode(Quotas, quota)));
            }

            if (isDryRun || puts.Count == 0 || (await store.TxnAsync(new StoreTxn(compares, puts), cancellationToken)).Succeeded)
                return;
        }

        throw StatusErrors.ServerTimeout(Quotas, "update", 1);
    }
}

using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.Quantities;
using Cluster.Api.Quotas;
using Cluster.Client;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.Quotas;

/// <summary>Counts what the objects of a namespace use of its ResourceQuotas.</summary>
/// <remarks>
/// What is added is charged to the status by admission, before it is there to be counted: a count at that moment would take the charge
/// back. So only what frees makes it count (deletes, pods that end, objects that shrink), a change of the bounds, and a full count every
/// five minutes, which also drops charges of writes that failed. A count may still meet a charge whose object comes later and take it back:
/// whatever it changed is counted again soon.
/// </remarks>
internal sealed class ResourceQuotaController(ControllerContext context) : IController
{
    private const string ByNamespace = "namespace";

    private static readonly TimeSpan FullCount = TimeSpan.FromMinutes(5);

    /// <summary>By then what was charged while it was counted is there to be counted.</summary>
    private static readonly TimeSpan Recount = TimeSpan.FromSeconds(10);

    private readonly KindSet _kinds = new(context.Client, type => type.Namespaced);
    private Informer<ResourceQuota> _quotas = null!;

    public string Name => "resourcequota";

    public void Watch(ControllerWatches watches)
    {
        _quotas = watches.On<ResourceQuota>((old, current) =>
        {
            if (current is not null && (old is null || !Same.Meaning(old.Spec, current.Spec)))
            {
                watches.Add(ObjectKey.Of(current));
            }
        });
        _quotas.AddIndex(ByNamespace, quota => [quota.Metadata.Namespace]);
        // Of an added kind nothing was counted so far, of no quota.
        _kinds.Watch(watches, kind => kind.WatchByNamespace(watches, (old, current) => Changed(watches, kind.Type, old, current)), _ => AddAll(watches, _quotas.List()));
    }

    public async Task<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_quotas.Get(key) is not { Metadata.DeletionTimestamp: null } quota)
        {
            return null;
        }

        var updated = quota.Clone();
        var status = updated.Status = new();
        status.Hard.Add(quota.Spec?.Hard ?? []);
        foreach (var (name, amount) in Count(quota))
        {
            status.Used[name] = amount.ToQuantity();
        }

        if (Same.Meaning(quota.Status, status))
        {
            return FullCount;
        }

        await context.Client.UpdateStatusAsync(updated, cancellationToken);
        return Recount;
    }

    // What is made is charged as it is admitted; but of an added kind objects may be known here later than their quota was counted.
    private void Changed(ControllerWatches watches, ResourceType type, IApiObject? old, IApiObject? current)
    {
        if (_quotas.ByIndex(ByNamespace, (old ?? current)!.Metadata.Namespace) is { Count: > 0 } quotas && (old is null ? type.Custom is not null : Frees(type, old, current)))
        {
            AddAll(watches, quotas);
        }
    }

    private static void AddAll(ControllerWatches watches, IEnumerable<ResourceQuota> quotas)
    {
        foreach (var quota in quotas)
        {
            watches.Add(ObjectKey.Of(quota));
        }
    }

    private bool Frees(ResourceType type, IApiObject old, IApiObject? current) =>
        current is null
        || (current is Pod or Service or PersistentVolumeClaim
            && QuotaAmounts.Growth(QuotaUsage.Of(type, old, context.Now), QuotaUsage.Of(type, current, context.Now)).Count > 0);

    /// <summary>What is used of each bounded name that some kind can use.</summary>
    private Dictionary<string, QuantityValue> Count(ResourceQuota quota)
    {
        var bounded = (quota.Spec?.Hard ?? []).Keys.ToHashSet();
        var used = new Dictionary<string, QuantityValue>();
        foreach (var kind in _kinds.All)
        {
            var names = bounded.Where(name => QuotaUsage.IsOf(kind.Type, name)).ToList();
            if (names.Count == 0)
            {
                continue;
            }

            names.ForEach(name => used.TryAdd(name, QuantityValue.Zero));
            foreach (var obj in kind.CachedIn(quota.Metadata.Namespace).Where(obj => QuotaScopes.Match(quota.Spec!, obj)))
            {
                QuotaAmounts.Add(used, QuotaUsage.Of(kind.Type, obj, context.Now).Where(one => bounded.Contains(one.Key)).ToDictionary());
            }
        }

        return used;
    }
}

using Cluster.Api;
using Cluster.Api.CoordinationV1;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.ApiServer.WatchCache;
using Cluster.Storage;

namespace Cluster.ApiServer.Registry;

/// <summary>componentstatuses: made when asked. The store answers or does not; scheduler and controllers renew their leases or do not.</summary>
internal sealed class ComponentStatuses(IStore store, IObjectReader reader, TimeProvider time)
{
    private const string LeaseNamespace = "kube-system";
    private static readonly TimeSpan StoreTimeout = TimeSpan.FromSeconds(5);
    public static readonly ResourceType Type = ResourceCatalog.For<ComponentStatus>();
    private static readonly ResourceType Leases = ResourceCatalog.For<Lease>();

    /// <summary>All components, in the order of their names.</summary>
    public async ValueTask<IReadOnlyList<ObjectVersion>> ListAsync(ListOptions options, CancellationToken cancellationToken)
    {
        var filter = ObjectFilter.Of(Type, null, options.LabelSelector, options.FieldSelector);
        ComponentStatus[] all = [OfLease("controller-manager"), await OfStoreAsync(cancellationToken), OfLease("scheduler")];
        return [.. all.Where(filter.MatchesSelectors).Select(status => new ObjectVersion(Type, status.Metadata.Name, status, 0))];
    }

    /// <exception cref="StatusException">404.</exception>
    public async ValueTask<ObjectVersion> GetAsync(string name, CancellationToken cancellationToken) =>
        (await ListAsync(new ListOptions(), cancellationToken)).FirstOrDefault(status => status.Key == name)
        ?? throw StatusErrors.NotFound(Type, name);

    private async ValueTask<ComponentStatus> OfStoreAsync(CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(StoreTimeout);
        try
        {
            await store.GetRevisionAsync(timeout.Token);
            return Status("etcd-0", "True", "ok", "");
        }
        catch (Exception failure) when (failure is StoreException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return Status("etcd-0", "False", "", failure.Message);
        }
    }

    private ComponentStatus OfLease(string component)
    {
        if (reader.Find(Leases, LeaseNamespace, "kube-" + component) is not Lease { Spec: { RenewTime: { } renewed } spec })
            return Status(component, "Unknown", "", "it holds no lease");

        var silence = time.GetUtcNow() - renewed.ToDateTimeOffset();
        return silence <= TimeSpan.FromSeconds(spec.LeaseDurationSeconds)
            ? Status(component, "True", "ok", "")
            : Status(component, "False", "", $"its lease was renewed last {(long)silence.TotalSeconds} s ago");
    }

    private static ComponentStatus Status(string name, string healthy, string message, string error) => new()
    {
        Metadata = new ObjectMeta { Name = name },
        Conditions = { new ComponentCondition { Type = "Healthy", Status = healthy, Message = message, Error = error } },
    };
}

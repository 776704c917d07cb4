using Cluster.Api;
using Cluster.ApiServer.Allocation;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Strategies;

/// <summary>Which strategy serves which resource: a kind with rules of its own has a line here, every other one is plain.</summary>
internal sealed class StrategyTable
{
    private readonly Dictionary<ResourceType, ResourceStrategy> _strategies;

    public StrategyTable(RegistryOptions options, KeyCache claims) =>
        _strategies = ResourceCatalog.All.ToDictionary(type => type, type => Make(type, options, claims));

    public ResourceStrategy this[ResourceType type] => _strategies[type];

    private static ResourceStrategy Make(ResourceType type, RegistryOptions options, KeyCache claims) => type.GroupResource switch
    {
        "namespaces" => new NamespaceStrategy(type),
        "nodes" => new NodeStrategy(type),
        "pods" => new PodStrategy(type),
        "services" => new ServiceStrategy(type, new ServiceAllocator(options, claims))
        {
            CreatesOnUpdate = true, ReturnsDeletedObject = true,
        },
        "endpoints" => new ResourceStrategy(type) { CreatesOnUpdate = true },
        "replicationcontrollers" => new WorkloadStrategy(type) { DefaultPropagation = "Orphan" },
        "deployments.apps" => new WorkloadStrategy(type) { FieldsNotOfStatus = ["spec", "metadata.labels", "metadata.ownerReferences"] },
        "replicasets.apps" => new WorkloadStrategy(type),
        "endpointslices.discovery.k8s.io" => new EndpointSliceStrategy(type),
        "leases.coordination.k8s.io" => new ResourceStrategy(type) { CreatesOnUpdate = true, AllowsUnconditionalUpdate = false },
        "events" => new ResourceStrategy(type) { CreatesOnUpdate = true, TimeToLive = options.EventTimeToLive },
        "serviceaccounts" => new ResourceStrategy(type) { ReturnsDeletedObject = true },
        _ => new ResourceStrategy(type),
    };
}

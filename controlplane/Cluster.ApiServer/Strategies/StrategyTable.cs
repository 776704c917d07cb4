using System.Runtime.CompilerServices;
using Cluster.Api;
using Cluster.Api.Custom;
using Cluster.ApiServer.Allocation;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Strategies;

/// <summary>Which strategy serves which resource: a kind with rules of its own has a line here, every other one is plain.</summary>
internal sealed class StrategyTable
{
    private readonly Dictionary<ResourceType, ResourceStrategy> _strategies;

    public StrategyTable(RegistryOptions options, KeyCache claims, TimeProvider time) =>
        _strategies = ResourceCatalog.All.ToDictionary(type => type, type => Make(type, options, claims, time));

    // With the definition's schema goes the strategy.
    private readonly ConditionalWeakTable<CustomVersion, ResourceStrategy> _custom = [];

    /// <summary>The strategy of a stored resource.</summary>
    public ResourceStrategy this[ResourceType type] => type.Custom is { } custom
        ? _custom.GetValue(custom, _ => new CustomStrategy(type)) : _strategies[type];

    private static ResourceStrategy Make(
        ResourceType type, RegistryOptions options, KeyCache claims, TimeProvider time) => type.GroupResource switch
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
        "deployments.apps" => new DeploymentStrategy(type) { FieldsNotOfStatus = ["spec", "metadata.labels", "metadata.ownerReferences"] },
        "replicasets.apps" => new WorkloadStrategy(type),
        "podtemplates" => new ResourceStrategy(type) { HasGeneration = true, ReturnsDeletedObject = true },
        "priorityclasses.scheduling.k8s.io" or "endpointslices.discovery.k8s.io" or "ingresses.networking.k8s.io" or "ingressclasses.networking.k8s.io"
            or "networkpolicies.networking.k8s.io" => new ResourceStrategy(type) { HasGeneration = true },
        "csidrivers.storage.k8s.io" => new ResourceStrategy(type) { HasGeneration = true, AllowsUnconditionalUpdate = false, ReturnsDeletedObject = true },
        "statefulsets.apps" or "daemonsets.apps" or "cronjobs.batch" => new WorkloadStrategy(type),
        "poddisruptionbudgets.policy" => new ResourceStrategy(type) { HasGeneration = true, AllowsUnconditionalUpdate = false },
        "jobs.batch" => new JobStrategy(type) { DefaultPropagation = "Orphan" },
        "certificatesigningrequests.certificates.k8s.io" => new SigningRequestStrategy(type, time),
        "mutatingwebhookconfigurations.admissionregistration.k8s.io" or "validatingwebhookconfigurations.admissionregistration.k8s.io" =>
            new ResourceStrategy(type) { HasGeneration = true },
        "customresourcedefinitions.apiextensions.k8s.io" => new DefinitionStrategy(type, time),
        "limitranges" => new ResourceStrategy(type) { CreatesOnUpdate = true },
        "persistentvolumes" or "persistentvolumeclaims" => new VolumeStrategy(type) { ReturnsDeletedObject = true },
        "resourcequotas" or "storageclasses.storage.k8s.io" => new ResourceStrategy(type) { ReturnsDeletedObject = true },
        "roles.rbac.authorization.k8s.io" or "rolebindings.rbac.authorization.k8s.io" or "clusterroles.rbac.authorization.k8s.io"
            or "clusterrolebindings.rbac.authorization.k8s.io" => new ResourceStrategy(type) { CreatesOnUpdate = true },
        "volumeattachments.storage.k8s.io" or "csinodes.storage.k8s.io" =>
            new ResourceStrategy(type) { AllowsUnconditionalUpdate = false, ReturnsDeletedObject = true },
        "csistoragecapacities.storage.k8s.io" => new ResourceStrategy(type) { AllowsUnconditionalUpdate = false },
        "runtimeclasses.node.k8s.io" => new ResourceStrategy(type) { CreatesOnUpdate = true, AllowsUnconditionalUpdate = false },
        "leases.coordination.k8s.io" => new ResourceStrategy(type) { CreatesOnUpdate = true, AllowsUnconditionalUpdate = false },
        "events" => new EventStrategy(type) { CreatesOnUpdate = true, TimeToLive = options.EventTimeToLive },
        "serviceaccounts" => new ResourceStrategy(type) { ReturnsDeletedObject = true },
        _ => new ResourceStrategy(type),
    };
}

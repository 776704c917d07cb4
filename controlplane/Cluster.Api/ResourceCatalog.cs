using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Cluster.Api;

/// <summary>Every served resource. A new kind is a message in Protos/ and an entry here.</summary>
public static class ResourceCatalog
{
    private static readonly string[] AllVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"];
    private static readonly string[] NoCollectionDelete = ["create", "delete", "get", "list", "patch", "update", "watch"];
    private static readonly string[] StatusVerbs = ["get", "patch", "update"];
    private static readonly string[] StreamVerbs = ["create", "get"];
    private static readonly string[] ProxyVerbs = ["create", "delete", "get", "patch", "update"];

    /// <summary>In the order of discovery: by group, then by plural.</summary>
    public static IReadOnlyList<ResourceType> All { get; } =
    [
        new()
        {
            Group = "", Version = "v1", Kind = "Namespace", Plural = "namespaces", Singular = "namespace", Namespaced = false,
            ShortNames = ["ns"],
            Verbs = NoCollectionDelete,
            Subresources =
            [
                new("finalize", "v1", "Namespace", ["update"]),
                new("status", "v1", "Namespace", StatusVerbs),
            ],
            Descriptor = CoreV1.Namespace.Descriptor, ListDescriptor = CoreV1.NamespaceList.Descriptor,
            StoragePrefix = "/registry/namespaces/",
        },
        new()
        {
            Group = "", Version = "v1", Kind = "Node", Plural = "nodes", Singular = "node", Namespaced = false,
            ShortNames = ["no"],
            Verbs = AllVerbs,
            Subresources =
            [
                new("proxy", "v1", "NodeProxyOptions", ProxyVerbs) { Connects = true },
                new("status", "v1", "Node", StatusVerbs),
            ],
            Descriptor = CoreV1.Node.Descriptor, ListDescriptor = CoreV1.NodeList.Descriptor,
            StoragePrefix = "/registry/minions/",
        },
        new()
        {
            Group = "", Version = "v1", Kind = "Pod", Plural = "pods", Singular = "pod", Namespaced = true,
            ShortNames = ["po"], Categories = ["all"],
            Verbs = AllVerbs,
            Subresources =
            [
                new("attach", "v1", "PodAttachOptions", StreamVerbs) { Connects = true },
                new("binding", "v1", "Binding", ["create"]),
                new("exec", "v1", "PodExecOptions", StreamVerbs) { Connects = true },
                new("log", "v1", "Pod", ["get"]) { Connects = true },
                new("portforward", "v1", "PodPortForwardOptions", StreamVerbs) { Connects = true },
                new("proxy", "v1", "PodProxyOptions", ProxyVerbs) { Connects = true },
                new("status", "v1", "Pod", StatusVerbs),
            ],
            Descriptor = CoreV1.Pod.Descriptor, ListDescriptor = CoreV1.PodList.Descriptor,
            StoragePrefix = "/registry/pods/",
        },
        new()
        {
            Group = "", Version = "v1", Kind = "Service", Plural = "services", Singular = "service", Namespaced = true,
            ShortNames = ["svc"], Categories = ["all"],
            Verbs = AllVerbs,
            Subresources =
            [
                new("proxy", "v1", "ServiceProxyOptions", ProxyVerbs) { Connects = true },
                new("status", "v1", "Service", StatusVerbs),
            ],
            Descriptor = CoreV1.Service.Descriptor, ListDescriptor = CoreV1.ServiceList.Descriptor,
            StoragePrefix = "/registry/services/specs/",
        },
        new()
        {
            Group = "", Version = "v1", Kind = "Endpoints", Plural = "endpoints", Singular = "endpoints", Namespaced = true,
            ShortNames = ["ep"],
            Verbs = AllVerbs,
            Descriptor = CoreV1.Endpoints.Descriptor, ListDescriptor = CoreV1.EndpointsList.Descriptor,
            StoragePrefix = "/registry/services/endpoints/",
        },
        new()
        {
            Group = "", Version = "v1", Kind = "ReplicationController", Plural = "replicationcontrollers", Singular = "replicationcontroller", Namespaced = true,
            ShortNames = ["rc"], Categories = ["all"],
            Verbs = AllVerbs,
            Subresources =
            [
                new("scale", "autoscaling/v1", "Scale", StatusVerbs),
                new("status", "v1", "ReplicationController", StatusVerbs),
            ],
            Descriptor = CoreV1.ReplicationController.Descriptor, ListDescriptor = CoreV1.ReplicationControllerList.Descriptor,
            StoragePrefix = "/registry/controllers/",
        },
        new()
        {
            Group = "", Version = "v1", Kind = "Event", Plural = "events", Singular = "event", Namespaced = true,
            ShortNames = ["ev"],
            Verbs = AllVerbs,
            Descriptor = CoreV1.Event.Descriptor, ListDescriptor = CoreV1.EventList.Descriptor,
            StoragePrefix = "/registry/events/",
        },
        new()
        {
            Group = "", Version = "v1", Kind = "ConfigMap", Plural = "configmaps", Singular = "configmap", Namespaced = true,
            ShortNames = ["cm"],
            Verbs = AllVerbs,
            Descriptor = CoreV1.ConfigMap.Descriptor, ListDescriptor = CoreV1.ConfigMapList.Descriptor,
            StoragePrefix = "/registry/configmaps/",
        },
        new()
        {
            Group = "", Version = "v1", Kind = "Secret", Plural = "secrets", Singular = "secret", Namespaced = true,
            Verbs = AllVerbs,
            Descriptor = CoreV1.Secret.Descriptor, ListDescriptor = CoreV1.SecretList.Descriptor,
            StoragePrefix = "/registry/secrets/",
        },
        new()
        {
            Group = "", Version = "v1", Kind = "ServiceAccount", Plural = "serviceaccounts", Singular = "serviceaccount", Namespaced = true,
            ShortNames = ["sa"],
            Verbs = AllVerbs,
            Subresources =
            [
                new("token", "authentication.k8s.io/v1", "TokenRequest", ["create"]),
            ],
            Descriptor = CoreV1.ServiceAccount.Descriptor, ListDescriptor = CoreV1.ServiceAccountList.Descriptor,
            StoragePrefix = "/registry/serviceaccounts/",
        },
        new()
        {
            Group = "", Version = "v1", Kind = "Binding", Plural = "bindings", Singular = "binding", Namespaced = true,
            Verbs = ["create"],
            Descriptor = CoreV1.Binding.Descriptor,
        },
        new()
        {
            Group = "apps", Version = "v1", Kind = "ReplicaSet", Plural = "replicasets", Singular = "replicaset", Namespaced = true,
            ShortNames = ["rs"], Categories = ["all"],
            Verbs = AllVerbs,
            Subresources =
            [
                new("scale", "autoscaling/v1", "Scale", StatusVerbs),
                new("status", "apps/v1", "ReplicaSet", StatusVerbs),
            ],
            Descriptor = AppsV1.ReplicaSet.Descriptor, ListDescriptor = AppsV1.ReplicaSetList.Descriptor,
            StoragePrefix = "/registry/replicasets/",
        },
        new()
        {
            Group = "apps", Version = "v1", Kind = "Deployment", Plural = "deployments", Singular = "deployment", Namespaced = true,
            ShortNames = ["deploy"], Categories = ["all"],
            Verbs = AllVerbs,
            Subresources =
            [
                new("scale", "autoscaling/v1", "Scale", StatusVerbs),
                new("status", "apps/v1", "Deployment", StatusVerbs),
            ],
            Descriptor = AppsV1.Deployment.Descriptor, ListDescriptor = AppsV1.DeploymentList.Descriptor,
            StoragePrefix = "/registry/deployments/",
        },
        new()
        {
            Group = "discovery.k8s.io", Version = "v1", Kind = "EndpointSlice", Plural = "endpointslices", Singular = "endpointslice", Namespaced = true,
            Verbs = AllVerbs,
            Descriptor = DiscoveryV1.EndpointSlice.Descriptor, ListDescriptor = DiscoveryV1.EndpointSliceList.Descriptor,
            StoragePrefix = "/registry/endpointslices/",
        },
        new()
        {
            Group = "coordination.k8s.io", Version = "v1", Kind = "Lease", Plural = "leases", Singular = "lease", Namespaced = true,
            Verbs = AllVerbs,
            Descriptor = CoordinationV1.Lease.Descriptor, ListDescriptor = CoordinationV1.LeaseList.Descriptor,
            StoragePrefix = "/registry/leases/",
        },
    ];

    private static readonly Dictionary<(string Group, string Version, string Plural), ResourceType> ByPath =
        All.ToDictionary(type => (type.Group, type.Version, type.Plural));

    private static readonly Dictionary<MessageDescriptor, ResourceType> ByDescriptor = All.ToDictionary(type => type.Descriptor);

    private static readonly Dictionary<(string ApiVersion, string Kind), ResourceType> ByKind =
        All.ToDictionary(type => (type.ApiVersion, type.Kind));

    /// <summary>The resource a REST path names, or null.</summary>
    public static ResourceType? Find(string group, string version, string plural) => ByPath.GetValueOrDefault((group, version, plural));

    /// <summary>The resource of an apiVersion and kind, as a manifest names it, or null.</summary>
    public static ResourceType? FindKind(string apiVersion, string kind) => ByKind.GetValueOrDefault((apiVersion, kind));

    /// <summary>The resource of a message type, or null.</summary>
    public static ResourceType? Find(MessageDescriptor descriptor) => ByDescriptor.GetValueOrDefault(descriptor);

    /// <summary>The resource whose objects are <typeparamref name="T"/>.</summary>
    public static ResourceType For<T>()
        where T : IApiObject, new() => OfType<T>.Value;

    /// <summary>The resource of a message.</summary>
    /// <exception cref="KeyNotFoundException">The message is no served kind.</exception>
    public static ResourceType For(IMessage message) => ByDescriptor[message.Descriptor];

    private static class OfType<T>
        where T : IApiObject, new()
    {
        public static readonly ResourceType Value = ByDescriptor[new T().Descriptor];
    }
}

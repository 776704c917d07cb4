using Cluster.Api.AppsV1;
using Cluster.Api.BatchV1;
using Cluster.Api.CoreV1;
using Cluster.Api.NetworkingV1;
using Cluster.Api.RbacV1;
using Cluster.Api.StorageV1;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using static Cluster.Api.ResourceEntry;

namespace Cluster.Api;

/// <summary>Every served resource. A new kind is a message in Protos/ and an entry here.</summary>
public static class ResourceCatalog
{
    private static readonly ResourceType Events = Namespaced(Event.Descriptor, "events", "ev");

    private static readonly ResourceType Autoscalers =
        Namespaced(AutoscalingV2.HorizontalPodAutoscaler.Descriptor, "horizontalpodautoscalers", "hpa").InAll().Status();

    private static readonly ResourceType CronJobs = Namespaced(CronJob.Descriptor, "cronjobs", "cj").InAll().Status();

    private static readonly ResourceType Budgets = Namespaced(PolicyV1.PodDisruptionBudget.Descriptor, "poddisruptionbudgets", "pdb").Status();

    private static readonly ResourceType Slices = Namespaced(DiscoveryV1.EndpointSlice.Descriptor, "endpointslices");

    /// <summary>The resource of the definitions that add kinds.</summary>
    public static ResourceType Definitions { get; } =
        Global(ApiExtensionsV1.CustomResourceDefinition.Descriptor, "customresourcedefinitions", "crd", "crds")
            .In("api-extensions").StoredUnder("apiextensions.k8s.io/customresourcedefinitions").Status();

    /// <summary>
    /// In the order of discovery: the order of groups decides what a short name means where several have it, the first version of a group
    /// is the preferred one.
    /// </summary>
    public static IReadOnlyList<ResourceType> All { get; } =
    [
        Global(Namespace.Descriptor, "namespaces", "ns").WithoutCollectionDelete().Status()
            .Part(new("finalize", "v1", "Namespace", ["update"])),
        Global(Node.Descriptor, "nodes", "no").StoredUnder("minions").Status().Proxied("NodeProxyOptions"),
        Namespaced(Pod.Descriptor, "pods", "po").InAll().Status()
            .Streamed("attach", "PodAttachOptions").Streamed("exec", "PodExecOptions").Streamed("portforward", "PodPortForwardOptions")
            .Proxied("PodProxyOptions")
            .Part(new("binding", "v1", "Binding", ["create"]))
            .Part(new("eviction", "policy/v1", "Eviction", ["create"]))
            .Part(new("ephemeralcontainers", "v1", "Pod", ["get", "patch", "update"]))
            .Part(new("log", "v1", "Pod", ["get"]) { Connects = true }),
        Namespaced(Service.Descriptor, "services", "svc").InAll().StoredUnder("services/specs").Status().Proxied("ServiceProxyOptions"),
        Namespaced(Endpoints.Descriptor, "endpoints", "ep").StoredUnder("services/endpoints"),
        Namespaced(ReplicationController.Descriptor, "replicationcontrollers", "rc").InAll().StoredUnder("controllers").Scale().Status(),
        Events,
        Namespaced(ConfigMap.Descriptor, "configmaps", "cm"),
        Namespaced(Secret.Descriptor, "secrets"),
        Namespaced(ServiceAccount.Descriptor, "serviceaccounts", "sa")
            .Part(new("token", "authentication.k8s.io/v1", "TokenRequest", ["create"])),
        Namespaced(PodTemplate.Descriptor, "podtemplates"),
        Namespaced(LimitRange.Descriptor, "limitranges", "limits"),
        Namespaced(ResourceQuota.Descriptor, "resourcequotas", "quota").Status(),
        Global(PersistentVolume.Descriptor, "persistentvolumes", "pv").Status(),
        Namespaced(PersistentVolumeClaim.Descriptor, "persistentvolumeclaims", "pvc").Status(),
        Namespaced(Binding.Descriptor, "bindings").CreatedOnly(),
        Global(ComponentStatus.Descriptor, "componentstatuses", "cs").ReadOnly().Deprecated("1.19"),

        Namespaced(ReplicaSet.Descriptor, "replicasets", "rs").InAll().Scale().Status(),
        Namespaced(Deployment.Descriptor, "deployments", "deploy").InAll().Scale().Status(),
        Namespaced(StatefulSet.Descriptor, "statefulsets", "sts").InAll().Scale().Status(),
        Namespaced(DaemonSet.Descriptor, "daemonsets", "ds").InAll().Status(),
        Namespaced(ControllerRevision.Descriptor, "controllerrevisions"),

        EventsV1.Event.Descriptor.VersionOf(Events),

        Global(AuthenticationV1.TokenReview.Descriptor, "tokenreviews").CreatedOnly(),
        Global(AuthenticationV1.SelfSubjectReview.Descriptor, "selfsubjectreviews").CreatedOnly(),

        Global(AuthorizationV1.SubjectAccessReview.Descriptor, "subjectaccessreviews").CreatedOnly(),
        Global(AuthorizationV1.SelfSubjectAccessReview.Descriptor, "selfsubjectaccessreviews").CreatedOnly(),
        Namespaced(AuthorizationV1.LocalSubjectAccessReview.Descriptor, "localsubjectaccessreviews").CreatedOnly(),
        Global(AuthorizationV1.SelfSubjectRulesReview.Descriptor, "selfsubjectrulesreviews").CreatedOnly(),

        Autoscalers,
        AutoscalingV1.HorizontalPodAutoscaler.Descriptor.VersionOf(Autoscalers),

        Namespaced(Job.Descriptor, "jobs").InAll().Status(),
        CronJobs,
        BatchV1Beta1.CronJob.Descriptor.VersionOf(CronJobs).Deprecated("1.21", gone: "1.25", CronJobs),

        Global(CertificatesV1.CertificateSigningRequest.Descriptor, "certificatesigningrequests", "csr").Status()
            .Part(new("approval", "certificates.k8s.io/v1", "CertificateSigningRequest", ["get", "patch", "update"])),

        Namespaced(Ingress.Descriptor, "ingresses", "ing").StoredUnder("ingress").Status(),
        Global(IngressClass.Descriptor, "ingressclasses"),
        Namespaced(NetworkPolicy.Descriptor, "networkpolicies", "netpol"),

        Budgets,
        PolicyV1Beta1.PodDisruptionBudget.Descriptor.VersionOf(Budgets).Deprecated("1.21", gone: "1.25", Budgets),

        Namespaced(Role.Descriptor, "roles"),
        Namespaced(RoleBinding.Descriptor, "rolebindings"),
        Global(ClusterRole.Descriptor, "clusterroles"),
        Global(ClusterRoleBinding.Descriptor, "clusterrolebindings"),

        Global(StorageClass.Descriptor, "storageclasses", "sc"),
        Global(VolumeAttachment.Descriptor, "volumeattachments").Status(),
        Global(CSIDriver.Descriptor, "csidrivers"),
        Global(CSINode.Descriptor, "csinodes"),
        Namespaced(CSIStorageCapacity.Descriptor, "csistoragecapacities"),

        Definitions,

        Global(AdmissionRegistrationV1.MutatingWebhookConfiguration.Descriptor, "mutatingwebhookconfigurations").In("api-extensions"),
        Global(AdmissionRegistrationV1.ValidatingWebhookConfiguration.Descriptor, "validatingwebhookconfigurations").In("api-extensions"),

        Global(SchedulingV1.PriorityClass.Descriptor, "priorityclasses", "pc"),
        Namespaced(CoordinationV1.Lease.Descriptor, "leases"),
        Global(NodeV1.RuntimeClass.Descriptor, "runtimeclasses"),
        Slices,
        DiscoveryV1Beta1.EndpointSlice.Descriptor.VersionOf(Slices).Deprecated("1.21", gone: "1.25", Slices),
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

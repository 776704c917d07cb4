using Cluster.Api.RbacV1;
using static Cluster.ApiServer.Authorization.Policy.PolicyObjects;
using static Cluster.ApiServer.Authorization.Policy.Rules;

namespace Cluster.ApiServer.Authorization.Policy;

/// <summary>The default roles of the cluster's components.</summary>
internal static class ComponentRoles
{
    private const string Signing = "certificates.k8s.io";
    private const string Scheduler = "system:kube-scheduler";
    private const string ControllerManager = "system:kube-controller-manager";
    private const string Proxy = "system:kube-proxy";

    public static IEnumerable<ClusterRole> All =>
    [
        KubeScheduler,
        ClusterRole(
            "system:volume-scheduler",
            On("get list patch update watch", "core", "persistentvolumes"),
            On(Read, "storage.k8s.io", "storageclasses"),
            On("get list patch update watch", "core", "persistentvolumeclaims")),
        KubeControllerManager,
        ClusterRole(
            "system:node-proxier",
            On("list watch", "core", "endpoints services"),
            On(Read, "core", "nodes"),
            Events,
            On("list watch", "discovery.k8s.io", "endpointslices")),
        ClusterRole("system:node", [.. Node]),
        ClusterRole("system:node-bootstrapper", On("create get list watch", Signing, "certificatesigningrequests")),
        ClusterRole("system:node-problem-detector", On("get", "core", "nodes"), On("patch", "core", "nodes/status"), Events),
        ClusterRole(
            "system:kubelet-api-admin",
            On(Read, "core", "nodes"),
            On("proxy", "core", "nodes"),
            On("*", "core", "nodes/log nodes/metrics nodes/proxy nodes/stats")),
        ClusterRole(
            "system:auth-delegator",
            On("create", "authentication.k8s.io", "tokenreviews"),
            On("create", "authorization.k8s.io", "subjectaccessreviews")),
        ClusterRole("system:kube-aggregator", On(Read, "core", "endpoints services")),
        ClusterRole("system:kube-dns", On("list watch", "core", "endpoints services")),
        ClusterRole("system:heapster", On(Read, "core", "events namespaces nodes pods"), On(Read, "extensions", "deployments")),
        ClusterRole(
            "system:persistent-volume-provisioner",
            On("create delete get list watch", "core", "persistentvolumes"),
            On("get list update watch", "core", "persistentvolumeclaims"),
            On(Read, "storage.k8s.io", "storageclasses"),
            On("watch", "core", "events"),
            Events),
        .. Approvers,
    ];

    public static IEnumerable<ClusterRoleBinding> Bindings =>
    [
        ClusterBinding("system:node-proxier", User(Proxy)),
        ClusterBinding(ControllerManager, User(ControllerManager)),
        ClusterBinding("system:kube-dns", Account("kube-dns")),
        ClusterBinding(Scheduler, User(Scheduler)),
        ClusterBinding("system:volume-scheduler", User(Scheduler)),
        // Nodes are allowed by what they run, not by a role: the binding stands empty, so that an old subject of it is seen.
        ClusterBinding("system:node"),
    ];

    /// <summary>What all nodes may do; of secrets, claims and the like only those of their own pods.</summary>
    public static IReadOnlyList<PolicyRule> Node { get; } =
    [
        On("create", "authentication.k8s.io", "tokenreviews"),
        On("create", "authorization.k8s.io", "localsubjectaccessreviews subjectaccessreviews"),
        On(Read, "core", "services"),
        On("create get list watch", "core", "nodes"),
        On("patch update", "core", "nodes/status"),
        On("patch update", "core", "nodes"),
        On("create patch update", "core", "events"),
        On(Read, "core", "pods"),
        On("create delete", "core", "pods"),
        On("patch update", "core", "pods/status"),
        On("create", "core", "pods/eviction"),
        On(Read, "core", "configmaps secrets"),
        On("get", "core", "persistentvolumeclaims persistentvolumes"),
        On("get", "core", "endpoints"),
        On("create get list watch", Signing, "certificatesigningrequests"),
        On("create delete get patch update", "coordination.k8s.io", "leases"),
        On("get", "storage.k8s.io", "volumeattachments"),
        On("create", "core", "serviceaccounts/token"),
        On("get patch update", "core", "persistentvolumeclaims/status"),
        On(Read, "storage.k8s.io", "csidrivers"),
        On("create delete get patch update", "storage.k8s.io", "csinodes"),
        On(Read, "node.k8s.io", "runtimeclasses"),
    ];

    private static ClusterRole KubeScheduler => ClusterRole(
        Scheduler,
        Events,
        On("create", "coordination.k8s.io", "leases"),
        On("get update", "coordination.k8s.io", "leases", "kube-scheduler"),
        On(Read, "core", "nodes"),
        On("delete get list watch", "core", "pods"),
        On("create", "core", "bindings pods/binding"),
        On("patch update", "core", "pods/status"),
        On(Read, "core", "replicationcontrollers services"),
        On(Read, "apps extensions", "replicasets"),
        On(Read, "apps", "statefulsets"),
        On(Read, "policy", "poddisruptionbudgets"),
        On(Read, "core", "persistentvolumeclaims persistentvolumes"),
        On("create", "authentication.k8s.io", "tokenreviews"),
        On("create", "authorization.k8s.io", "subjectaccessreviews"),
        On(Read, "storage.k8s.io", "csinodes"),
        On(Read, "core", "namespaces"),
        On(Read, "storage.k8s.io", "csidrivers"),
        On(Read, "storage.k8s.io", "csistoragecapacities"));

    // It reads everything and makes accounts and their tokens; what a controller writes, it writes as its own account.
    private static ClusterRole KubeControllerManager => ClusterRole(
        ControllerManager,
        Events,
        On("create", "coordination.k8s.io", "leases"),
        On("get update", "coordination.k8s.io", "leases", "kube-controller-manager"),
        On("create", "core", "secrets serviceaccounts"),
        On("delete", "core", "secrets"),
        On("get", "core", "configmaps namespaces secrets serviceaccounts"),
        On("update", "core", "secrets serviceaccounts"),
        On("create", "authentication.k8s.io", "tokenreviews"),
        On("create", "authorization.k8s.io", "subjectaccessreviews"),
        On("list watch", "*", "*"),
        On("create", "core", "serviceaccounts/token"));

    private static IEnumerable<ClusterRole> Approvers =>
    [
        ClusterRole($"system:{Signing}:certificatesigningrequests:nodeclient", On("create", Signing, "certificatesigningrequests/nodeclient")),
        ClusterRole($"system:{Signing}:certificatesigningrequests:selfnodeclient", On("create", Signing, "certificatesigningrequests/selfnodeclient")),
        Approver("legacy-unknown"),
        Approver("kubelet-serving"),
        Approver("kube-apiserver-client"),
        Approver("kube-apiserver-client-kubelet"),
    ];

    private static ClusterRole Approver(string signer) =>
        ClusterRole($"system:{Signing}:{signer}-approver", On("approve", Signing, "signers", $"kubernetes.io/{signer}"));
}

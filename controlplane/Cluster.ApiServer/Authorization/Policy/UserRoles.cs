using Cluster.Api.RbacV1;
using static Cluster.ApiServer.Authorization.Policy.PolicyObjects;
using static Cluster.ApiServer.Authorization.Policy.Rules;

namespace Cluster.ApiServer.Authorization.Policy;

/// <summary>The default roles of people: who runs the cluster, works in a namespace, or only looks.</summary>
internal static class UserRoles
{
    private const string Health = "/healthz /livez /readyz";

    public static IEnumerable<ClusterRole> All =>
    [
        ClusterRole("cluster-admin", On("*", "*", "*"), Paths("*", "*")),
        Gathered("admin"),
        Gathered("edit").PartOf("admin"),
        Gathered("view").PartOf("edit"),
        ClusterRole(
            "system:aggregate-to-admin",
            On("create", "authorization.k8s.io", "localsubjectaccessreviews"),
            On(ReadWrite, ApiGroup, "roles rolebindings")).PartOf("admin"),
        Editor.PartOf("edit"),
        Viewer.PartOf("view"),
        ClusterRole("system:discovery", Paths("get", $"{Health} /api /api/* /apis /apis/* /openapi /openapi/* /version /version/")),
        ClusterRole("system:public-info-viewer", Paths("get", $"{Health} /version /version/")),
        ClusterRole("system:monitoring", Paths("get", $"{Health} /healthz/* /livez/* /readyz/* /metrics /metrics/slis")),
        ClusterRole(
            "system:basic-user",
            On("create", "authorization.k8s.io", "selfsubjectaccessreviews selfsubjectrulesreviews"),
            On("create", "authentication.k8s.io", "selfsubjectreviews")),
        ClusterRole("system:service-account-issuer-discovery", Paths("get", "/.well-known/openid-configuration /openid/v1/jwks")),
    ];

    public static IEnumerable<ClusterRoleBinding> Bindings =>
    [
        ClusterBinding("cluster-admin", Group("system:masters")),
        ClusterBinding("system:discovery", Group("system:authenticated")),
        ClusterBinding("system:basic-user", Group("system:authenticated")),
        ClusterBinding("system:public-info-viewer", Group("system:authenticated"), Group("system:unauthenticated")),
        ClusterBinding("system:monitoring", Group("system:monitoring")),
        ClusterBinding("system:service-account-issuer-discovery", Group("system:serviceaccounts")),
    ];

    private static ClusterRole Editor => ClusterRole(
        "system:aggregate-to-edit",
        On(Read, "core", "pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy"),
        On("impersonate", "core", "serviceaccounts"),
        On(Write, "core", "pods pods/attach pods/exec pods/portforward pods/proxy"),
        On("create", "core", "pods/eviction"),
        On(
            Write, "core",
            "configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy"),
        On("create", "core", "serviceaccounts/token"),
        On(
            Write, "apps",
            "daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale"),
        On(Write, "autoscaling", "horizontalpodautoscalers"),
        On(Write, "batch", "cronjobs jobs"),
        On(
            Write, "extensions",
            "daemonsets deployments deployments/rollback deployments/scale ingresses networkpolicies replicasets replicasets/scale replicationcontrollers/scale"),
        On(Write, "policy", "poddisruptionbudgets"),
        On(Write, "networking.k8s.io", "ingresses networkpolicies"),
        On(ReadWrite, "coordination.k8s.io", "leases"));

    private static ClusterRole Viewer => ClusterRole(
        "system:aggregate-to-view",
        On(
            Read, "core",
            "configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status"),
        On(
            Read, "core",
            "bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status"),
        On(Read, "core", "namespaces"),
        On(Read, "discovery.k8s.io", "endpointslices"),
        On(
            Read, "apps",
            "controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status"),
        On(Read, "autoscaling", "horizontalpodautoscalers horizontalpodautoscalers/status"),
        On(Read, "batch", "cronjobs cronjobs/status jobs jobs/status"),
        On(
            Read, "extensions",
            "daemonsets daemonsets/status deployments deployments/scale deployments/status ingresses ingresses/status networkpolicies replicasets replicasets/scale replicasets/status replicationcontrollers/scale"),
        On(Read, "policy", "poddisruptionbudgets poddisruptionbudgets/status"),
        On(Read, "networking.k8s.io", "ingresses ingresses/status networkpolicies"));
}

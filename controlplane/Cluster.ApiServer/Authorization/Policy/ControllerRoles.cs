using Cluster.Api.RbacV1;
using static Cluster.ApiServer.Authorization.Policy.PolicyObjects;
using static Cluster.ApiServer.Authorization.Policy.Rules;

namespace Cluster.ApiServer.Authorization.Policy;

/// <summary>The default roles of controllers: one each, bound to the controller's own service account in <c>kube-system</c>.</summary>
internal static class ControllerRoles
{
    private const string Prefix = "system:controller:";
    private const string Apps = "apps extensions";
    private const string Storage = "storage.k8s.io";
    private const string Signing = "certificates.k8s.io";

    public static IEnumerable<ClusterRole> All =>
    [
        Of("attachdetach-controller",
            On("list watch", "core", "persistentvolumeclaims persistentvolumes"), On(Read, "core", "nodes"), On("patch update", "core", "nodes/status"),
            On("list watch", "core", "pods"), Events, On("create delete get list watch", Storage, "volumeattachments"), On(Read, Storage, "csidrivers"),
            On(Read, Storage, "csinodes")),
        Of("certificate-controller",
            On("delete get list watch", Signing, "certificatesigningrequests"),
            On("update", Signing, "certificatesigningrequests/approval certificatesigningrequests/status"),
            On("approve", Signing, "signers", "kubernetes.io/kube-apiserver-client-kubelet"),
            On("sign", Signing, "signers",
                "kubernetes.io/kube-apiserver-client kubernetes.io/kube-apiserver-client-kubelet kubernetes.io/kubelet-serving kubernetes.io/legacy-unknown"),
            On("create", "authorization.k8s.io", "subjectaccessreviews"), Events),
        Of("clusterrole-aggregation-controller", On("escalate get list patch update watch", ApiGroup, "clusterroles")),
        Of("cronjob-controller",
            On("get list update watch", "batch", "cronjobs"), On("create delete get list patch update watch", "batch", "jobs"),
            On("update", "batch", "cronjobs/status"), On("update", "batch", "cronjobs/finalizers"), On("delete list", "core", "pods"), Events),
        Of("daemon-set-controller",
            On(Read, Apps, "daemonsets"), On("update", Apps, "daemonsets/status"), On("update", Apps, "daemonsets/finalizers"),
            On("list watch", "core", "nodes"), On("create delete list patch watch", "core", "pods"), On("create", "core", "pods/binding"),
            On("create delete get list patch update watch", "apps", "controllerrevisions"), Events),
        Of("deployment-controller",
            On("get list update watch", Apps, "deployments"), On("update", Apps, "deployments/status"), On("update", Apps, "deployments/finalizers"),
            On("create delete get list patch update watch", Apps, "replicasets"), On("get list update watch", "core", "pods"), Events),
        Of("disruption-controller",
            On(Read, Apps, "deployments"), On(Read, Apps, "replicasets"), On(Read, "core", "replicationcontrollers"),
            On(Read, "policy", "poddisruptionbudgets"), On(Read, "apps", "statefulsets"), On("update", "policy", "poddisruptionbudgets/status"),
            On("patch update", "core", "pods/status"), On("get", "*", "*/scale"), Events),
        Of("endpoint-controller",
            On(Read, "core", "pods services"), On("create delete get list update watch", "core", "endpoints"),
            On("create", "core", "endpoints/restricted"), Events),
        Of("endpointslice-controller",
            On(Read, "core", "nodes pods services"), On("update", "core", "services/finalizers"),
            On("create delete get list update watch", "discovery.k8s.io", "endpointslices"), Events),
        Of("endpointslicemirroring-controller",
            On(Read, "core", "endpoints services"), On("update", "core", "services/finalizers"), On("update", "core", "endpoints/finalizers"),
            On("create delete get list update watch", "discovery.k8s.io", "endpointslices"), Events),
        Of("ephemeral-volume-controller",
            On(Read, "core", "pods"), On("update", "core", "pods/finalizers"), On("create get list watch", "core", "persistentvolumeclaims"), Events),
        Of("expand-controller",
            On("get list patch update watch", "core", "persistentvolumes"), On("patch update", "core", "persistentvolumeclaims/status"),
            On(Read, "core", "persistentvolumeclaims"), On(Read, Storage, "storageclasses"), On("get", "core", "endpoints services"),
            On("get", "core", "secrets"), Events),
        Of("generic-garbage-collector", On("delete get list patch update watch", "*", "*"), Events),
        Of("horizontal-pod-autoscaler",
            On(Read, "autoscaling", "horizontalpodautoscalers"), On("update", "autoscaling", "horizontalpodautoscalers/status"),
            On("get update", "*", "*/scale"), On("list", "core", "pods"), On("list", "metrics.k8s.io", "pods"),
            On("get list", "custom.metrics.k8s.io", "*"), On("get list", "external.metrics.k8s.io", "*"), Events),
        Of("job-controller",
            On("get list patch update watch", "batch", "jobs"), On("update", "batch", "jobs/status"), On("update", "batch", "jobs/finalizers"),
            On("create delete list patch watch", "core", "pods"), Events),
        Of("legacy-service-account-token-cleaner",
            On("get", "core", "configmaps", "kube-apiserver-legacy-service-account-token-tracking"), On("delete patch", "core", "secrets")),
        Of("namespace-controller",
            On("delete get list watch", "core", "namespaces"), On("update", "core", "namespaces/finalize namespaces/status"),
            On("delete deletecollection get list watch", "*", "*")),
        Of("node-controller",
            On("delete get list patch update", "core", "nodes"), On("patch update", "core", "nodes/status"), On("patch update", "core", "pods/status"),
            On("delete list", "core", "pods"), On("get", "core", "pods"), Events),
        Of("persistent-volume-binder",
            On("create delete get list update watch", "core", "persistentvolumes"), On("update", "core", "persistentvolumes/status"),
            On("get list update watch", "core", "persistentvolumeclaims"), On("update", "core", "persistentvolumeclaims/status"),
            On("create delete get list watch", "core", "pods"), On(Read, Storage, "storageclasses"),
            On("create delete get", "core", "endpoints services"), On("get list", "core", "secrets"), On("get list", "core", "nodes"),
            Events, On("watch", "core", "events")),
        Of("pod-garbage-collector", On("delete list watch", "core", "pods"), On("get list", "core", "nodes"), On("patch", "core", "pods/status")),
        Of("pv-protection-controller", On("get list update watch", "core", "persistentvolumes"), Events),
        Of("pvc-protection-controller", On("get list update watch", "core", "persistentvolumeclaims"), On(Read, "core", "pods"), Events),
        Of("replicaset-controller",
            On("get list update watch", Apps, "replicasets"), On("update", Apps, "replicasets/status"), On("update", Apps, "replicasets/finalizers"),
            On("create delete list patch watch", "core", "pods"), Events),
        Of("replication-controller",
            On("get list update watch", "core", "replicationcontrollers"), On("update", "core", "replicationcontrollers/status"),
            On("update", "core", "replicationcontrollers/finalizers"), On("create delete list patch watch", "core", "pods"), Events),
        Of("resourcequota-controller", On("list watch", "*", "*"), On("update", "core", "resourcequotas/status"), Events),
        Of("root-ca-cert-publisher", On("create update", "core", "configmaps"), Events),
        Of("route-controller", On("list watch", "core", "nodes"), On("patch", "core", "nodes/status"), Events),
        Of("service-account-controller", On("create", "core", "serviceaccounts"), Events),
        Of("service-controller",
            On(Read, "core", "services"), On("patch update", "core", "services/status"), On("list watch", "core", "nodes"), Events),
        Of("statefulset-controller",
            On("list watch", "core", "pods"), On(Read, "apps", "statefulsets"), On("update", "apps", "statefulsets/status"),
            On("update", "apps", "statefulsets/finalizers"), On("create delete get patch update", "core", "pods"),
            On("create delete get list patch update watch", "apps", "controllerrevisions"), On("create get", "core", "persistentvolumeclaims"),
            On("delete update", "core", "persistentvolumeclaims"), Events),
        Of("ttl-after-finished-controller", On("delete get list watch", "batch", "jobs"), Events),
        Of("ttl-controller", On("list patch update watch", "core", "nodes"), Events),
    ];

    public static IEnumerable<ClusterRoleBinding> Bindings =>
        All.Select(role => ClusterBinding(role.Metadata.Name, Account(role.Metadata.Name[Prefix.Length..])));

    private static ClusterRole Of(string account, params PolicyRule[] rules) => ClusterRole(Prefix + account, rules);
}

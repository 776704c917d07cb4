namespace Cluster.Controllers.Framework;

/// <summary>The service account each controller writes as, in <c>kube-system</c>: the role <c>system:controller:ACCOUNT</c> is bound to it.</summary>
internal static class ControllerAccounts
{
    // Kubernetes' own accounts, where they are not the controller's name and a suffix.
    private static readonly Dictionary<string, string> Special = new(StringComparer.Ordinal)
    {
        ["replicationcontroller"] = "replication-controller",
        ["daemonset"] = "daemon-set-controller",
        ["nodeipam"] = "node-controller",
        ["nodelifecycle"] = "node-controller",
        ["tainteviction"] = "node-controller",
        ["podgc"] = "pod-garbage-collector",
        ["garbagecollector"] = "generic-garbage-collector",
        ["serviceaccount"] = "service-account-controller",
        ["root-ca-cert-publisher"] = "root-ca-cert-publisher",
        ["horizontalpodautoscaling"] = "horizontal-pod-autoscaler",
        ["ttl-after-finished"] = "ttl-after-finished-controller",
        ["pvc-protection"] = "pvc-protection-controller",
        ["pv-protection"] = "pv-protection-controller",
        ["csrapproving"] = "certificate-controller",
        ["csrsigning"] = "certificate-controller",
        ["csrcleaner"] = "certificate-controller",
        ["tokencleaner"] = "token-cleaner",
        ["bootstrapsigner"] = "bootstrap-signer",
    };

    // The tokens of accounts come before anything that acts by them: the manager writes them itself, as Kubernetes' does.
    private const string AsManager = "serviceaccount-token";

    /// <summary>Null: the controller writes as the manager.</summary>
    public static string? Of(string controller) =>
        controller == AsManager ? null : Special.GetValueOrDefault(controller) ?? $"{controller}-controller";
}

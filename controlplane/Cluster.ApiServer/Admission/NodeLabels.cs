namespace Cluster.ApiServer.Admission;

/// <summary>Which labels a kubelet may give its own node: all that are not Kubernetes' own, and of those the ones kubelets are known to set.</summary>
internal static class NodeLabels
{
    private const string Restricted = "node-restriction.kubernetes.io";

    private static readonly HashSet<string> Known =
    [
        "kubernetes.io/hostname", "kubernetes.io/os", "kubernetes.io/arch", "node.kubernetes.io/instance-type",
        "topology.kubernetes.io/region", "topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/region",
        "failure-domain.beta.kubernetes.io/zone", "beta.kubernetes.io/instance-type", "beta.kubernetes.io/os", "beta.kubernetes.io/arch",
    ];

    private static readonly string[] KnownDomains = ["kubelet.kubernetes.io", "node.kubernetes.io"];

    /// <summary>The labels that differ and that a kubelet may not change, sorted.</summary>
    public static IReadOnlyList<string> Forbidden(IDictionary<string, string> labels, IDictionary<string, string> before) =>
    [
        .. labels.Keys.Union(before.Keys)
            .Where(key => !labels.TryGetValue(key, out var now) || !before.TryGetValue(key, out var then) || now != then)
            .Where(IsForbidden).Order(StringComparer.Ordinal),
    ];

    private static bool IsForbidden(string label)
    {
        var slash = label.IndexOf('/', StringComparison.Ordinal);
        var domain = slash < 0 ? "" : label[..slash];
        return IsIn(domain, Restricted)
            || ((IsIn(domain, "kubernetes.io") || IsIn(domain, "k8s.io")) && !Known.Contains(label) && !KnownDomains.Any(known => IsIn(domain, known)));
    }

    private static bool IsIn(string domain, string parent) => domain == parent || domain.EndsWith("." + parent, StringComparison.Ordinal);
}

namespace Cluster.ApiServer.Admission.PodSecurity.Checks;

/// <summary>seccompProfile_baseline before 1.19: annotations were what said it.</summary>
internal static class SeccompAnnotations
{
    private const string OfPod = "seccomp.security.alpha.kubernetes.io/pod";
    private const string OfContainer = "container.seccomp.security.alpha.kubernetes.io/";

    public static Violation? Check(PodSubject pod)
    {
        var bad = new SortedSet<string>(
            pod.Containers.Select(one => OfContainer + one.Name).Append(OfPod)
                .Where(key => pod.Annotations.TryGetValue(key, out var value) && !IsAllowed(value)).Select(key => $"{key}={Api.GoText.Quote(pod.Annotations[key])}"),
            StringComparer.Ordinal);
        return bad.Count == 0 ? null : new Violation("seccompProfile", $"forbidden {Wording.Plural("annotation", "annotations", bad.Count)} {Wording.Listed(bad)}");
    }

    private static bool IsAllowed(string value) => value is "runtime/default" or "docker/default" || value.StartsWith("localhost/", StringComparison.Ordinal);
}

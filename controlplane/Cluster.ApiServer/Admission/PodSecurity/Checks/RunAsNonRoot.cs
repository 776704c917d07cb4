namespace Cluster.ApiServer.Admission.PodSecurity.Checks;

/// <summary>runAsNonRoot: the pod, or each of its containers, says that it is not root.</summary>
internal static class RunAsNonRoot
{
    private const string Reason = "runAsNonRoot != true";

    public static Violation? Check(PodSubject pod)
    {
        var isPodBad = pod.Security is { HasRunAsNonRoot: true, RunAsNonRoot: false };
        var denying = pod.Containers.Where(one => one.Security is { HasRunAsNonRoot: true, RunAsNonRoot: false }).Select(one => one.Name).ToList();
        if (Wording.Setters(isPodBad, denying) is { } who)
            return new Violation(Reason, $"{who} must not set securityContext.runAsNonRoot=false");
        if (pod.Security is { RunAsNonRoot: true })
            return null;
        var silent = pod.Containers.Where(one => one.Security is not { HasRunAsNonRoot: true }).Select(one => one.Name).ToList();
        return silent.Count == 0 ? null : new Violation(Reason, $"pod or {Wording.Containers(silent)} must set securityContext.runAsNonRoot=true");
    }
}

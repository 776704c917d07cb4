namespace Cluster.ApiServer.Admission.PodSecurity.Checks;

/// <summary>seccompProfile: system calls are filtered by the runtime's profile or one of the node's; the restricted standard wants one to be named.</summary>
internal static class SeccompProfile
{
    private const string Reason = "seccompProfile";

    public static Violation? CheckBaseline(PodSubject pod)
    {
        var values = new SortedSet<string>(StringComparer.Ordinal);
        var isPodBad = IsBad(pod.Security?.SeccompProfile, values);
        var containers = pod.Containers.Where(one => IsBad(one.Security?.SeccompProfile, values)).Select(one => one.Name).ToList();
        return Wording.Setters(isPodBad, containers) is { } who
            ? new Violation(Reason, $"{who} must not set securityContext.seccompProfile.type to {Wording.Quoted(values)}") : null;
    }

    public static Violation? CheckRestricted(PodSubject pod)
    {
        if (CheckBaseline(pod) is { } set)
            return set;
        if (pod.Security?.SeccompProfile is not null)
            return null;
        var without = pod.Containers.Where(one => one.Security?.SeccompProfile is null).Select(one => one.Name).ToList();
        return without.Count == 0 ? null : new Violation(
            Reason, $"pod or {Wording.Containers(without)} must set securityContext.seccompProfile.type to \"RuntimeDefault\" or \"Localhost\"");
    }

    private static bool IsBad(Api.CoreV1.SeccompProfile? profile, SortedSet<string> values)
    {
        if (profile is null or { Type: "RuntimeDefault" or "Localhost" })
            return false;
        values.Add(profile.Type);
        return true;
    }
}

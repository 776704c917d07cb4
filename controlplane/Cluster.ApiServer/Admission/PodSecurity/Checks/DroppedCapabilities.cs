namespace Cluster.ApiServer.Admission.PodSecurity.Checks;

/// <summary>capabilities_restricted: containers drop all capabilities, and take back at most the one to bind low ports.</summary>
internal static class DroppedCapabilities
{
    private static readonly HashSet<string> Allowed = ["NET_BIND_SERVICE"];

    public static Violation? Check(PodSubject pod)
    {
        List<string> details = [];
        var keeping = pod.Containers.Where(one => one.Security?.Capabilities?.Drop.Contains("ALL") is not true).Select(one => one.Name).ToList();
        if (keeping.Count > 0)
            details.Add($"{Wording.Containers(keeping)} must set securityContext.capabilities.drop=[\"ALL\"]");
        if (AddedCapabilities.Beyond(pod, Allowed) is { } added)
            details.Add(added);
        return details.Count == 0 ? null : new Violation("unrestricted capabilities", string.Join("; ", details));
    }
}

namespace Cluster.ApiServer.Admission.PodSecurity.Checks;

/// <summary>privileged: no container may do all that the node can.</summary>
internal static class PrivilegedContainers
{
    public static Violation? Check(PodSubject pod)
    {
        var names = pod.Containers.Where(one => one.Security is { Privileged: true }).Select(one => one.Name).ToList();
        return names.Count == 0 ? null : new Violation("privileged", $"{Wording.Containers(names)} must not set securityContext.privileged=true");
    }
}

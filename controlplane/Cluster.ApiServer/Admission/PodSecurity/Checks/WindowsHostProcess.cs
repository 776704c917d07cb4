namespace Cluster.ApiServer.Admission.PodSecurity.Checks;

/// <summary>windowsHostProcess: no container is a process of the node.</summary>
internal static class WindowsHostProcess
{
    public static Violation? Check(PodSubject pod)
    {
        var containers = pod.Containers.Where(one => one.Security?.WindowsOptions is { HostProcess: true }).Select(one => one.Name).ToList();
        return Wording.Setters(pod.Security?.WindowsOptions is { HostProcess: true }, containers) is { } who
            ? new Violation("hostProcess", $"{who} must not set securityContext.windowsOptions.hostProcess=true") : null;
    }
}

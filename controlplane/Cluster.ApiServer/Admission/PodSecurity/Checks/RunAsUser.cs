namespace Cluster.ApiServer.Admission.PodSecurity.Checks;

/// <summary>runAsUser: nobody asks to be root.</summary>
internal static class RunAsUser
{
    public static Violation? Check(PodSubject pod)
    {
        var containers = pod.Containers.Where(one => one.Security is { HasRunAsUser: true, RunAsUser: 0 }).Select(one => one.Name).ToList();
        return Wording.Setters(pod.Security is { HasRunAsUser: true, RunAsUser: 0 }, containers) is { } who
            ? new Violation("runAsUser=0", $"{who} must not set runAsUser=0") : null;
    }
}

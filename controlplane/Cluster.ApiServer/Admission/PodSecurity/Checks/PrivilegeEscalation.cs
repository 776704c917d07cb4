namespace Cluster.ApiServer.Admission.PodSecurity.Checks;

/// <summary>allowPrivilegeEscalation: no process gets more rights than its parent had, as by a set-user-ID program.</summary>
internal static class PrivilegeEscalation
{
    public static Violation? Check(PodSubject pod)
    {
        var names = pod.Containers.Where(one => one.Security is not { HasAllowPrivilegeEscalation: true, AllowPrivilegeEscalation: false }).Select(one => one.Name).ToList();
        return names.Count == 0 ? null
            : new Violation("allowPrivilegeEscalation != false", $"{Wording.Containers(names)} must set securityContext.allowPrivilegeEscalation=false");
    }
}

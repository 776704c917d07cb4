namespace Cluster.ApiServer.Admission.PodSecurity.Checks;

/// <summary>procMount: what is masked in /proc stays so.</summary>
internal static class ProcMount
{
    public static Violation? Check(PodSubject pod)
    {
        var bad = pod.Containers.Where(one => one.Security is { HasProcMount: true, ProcMount: not "Default" }).ToList();
        return bad.Count == 0 ? null : new Violation(
            "procMount",
            $"{Wording.Containers(bad.ConvertAll(one => one.Name))} must not set securityContext.procMount to {Wording.Quoted(new SortedSet<string>(bad.Select(one => one.Security!.ProcMount), StringComparer.Ordinal))}");
    }
}

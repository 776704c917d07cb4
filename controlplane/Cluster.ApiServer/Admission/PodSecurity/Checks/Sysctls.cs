namespace Cluster.ApiServer.Admission.PodSecurity.Checks;

/// <summary>sysctls: only those that are the pod's own and harm no other.</summary>
internal static class Sysctls
{
    private static readonly HashSet<string> Safe =
    [
        "kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.tcp_syncookies", "net.ipv4.ping_group_range", "net.ipv4.ip_unprivileged_port_start",
    ];

    private static readonly HashSet<string> SafeSince27 = [.. Safe, "net.ipv4.ip_local_reserved_ports"];

    private static readonly HashSet<string> SafeSince29 =
    [
        .. SafeSince27, "net.ipv4.tcp_keepalive_time", "net.ipv4.tcp_fin_timeout", "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes",
    ];

    private static readonly HashSet<string> SafeSince32 = [.. SafeSince29, "net.ipv4.tcp_rmem", "net.ipv4.tcp_wmem"];

    public static Violation? Check(PodSubject pod) => Check(pod, Safe);

    public static Violation? CheckSince27(PodSubject pod) => Check(pod, SafeSince27);

    public static Violation? CheckSince29(PodSubject pod) => Check(pod, SafeSince29);

    public static Violation? CheckSince32(PodSubject pod) => Check(pod, SafeSince32);

    private static Violation? Check(PodSubject pod, HashSet<string> safe)
    {
        var bad = (pod.Security?.Sysctls ?? []).Select(one => one.Name).Where(name => !safe.Contains(name)).ToList();
        return bad.Count == 0 ? null : new Violation("forbidden sysctls", Wording.Listed(bad));
    }
}

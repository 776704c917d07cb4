namespace Cluster.ApiServer.Admission.PodSecurity.Checks;

/// <summary>capabilities_baseline: no capability is added that containers do not have anyway.</summary>
internal static class AddedCapabilities
{
    private static readonly HashSet<string> Allowed =
    [
        "AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT",
    ];

    public static Violation? Check(PodSubject pod) => Beyond(pod, Allowed) is { } detail ? new Violation("non-default capabilities", detail) : null;

    /// <summary>Which containers add others than those; null: none.</summary>
    public static string? Beyond(PodSubject pod, IReadOnlySet<string> allowed)
    {
        var bad = new SortedSet<string>(StringComparer.Ordinal);
        List<string> containers = [];
        foreach (var container in pod.Containers)
        {
            var added = (container.Security?.Capabilities?.Add ?? []).Where(one => !allowed.Contains(one)).ToList();
            if (added.Count == 0)
                continue;
            bad.UnionWith(added);
            containers.Add(container.Name);
        }

        return containers.Count == 0 ? null : $"{Wording.Containers(containers)} must not include {Wording.Quoted(bad)} in securityContext.capabilities.add";
    }
}

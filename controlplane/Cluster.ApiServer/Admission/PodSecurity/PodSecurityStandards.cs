using Cluster.ApiServer.Admission.PodSecurity.Checks;

namespace Cluster.ApiServer.Admission.PodSecurity;

/// <summary>Kubernetes' pod security standards, of every version up to this server's.</summary>
/// <remarks>
/// What each forbids is at https://kubernetes.io/docs/concepts/security/pod-security-standards/; names, versions and messages are those of Kubernetes 1.32's plug-in.
/// </remarks>
internal static class PodSecurityStandards
{
    /// <summary>The last version in which something changed, up to this server's own.</summary>
    private const int Newest = 32;

    /// <summary>In the order in which they are told: by standard, then by name.</summary>
    private static readonly PodCheck[] All =
    [
        new("appArmorProfile", PodSecurityLevel.Baseline, 0, AppArmorProfile.Check),
        new("capabilities_baseline", PodSecurityLevel.Baseline, 0, AddedCapabilities.Check),
        new("hostNamespaces", PodSecurityLevel.Baseline, 0, HostNamespaces.Check),
        new("hostPathVolumes", PodSecurityLevel.Baseline, 0, HostPathVolumes.Check),
        new("hostPorts", PodSecurityLevel.Baseline, 0, HostPorts.Check),
        new("privileged", PodSecurityLevel.Baseline, 0, PrivilegedContainers.Check),
        new("procMount", PodSecurityLevel.Baseline, 0, ProcMount.Check),
        new("seLinuxOptions", PodSecurityLevel.Baseline, 0, SelinuxOptions.Check),
        new("seLinuxOptions", PodSecurityLevel.Baseline, 31, SelinuxOptions.CheckSince31),
        new("seccompProfile_baseline", PodSecurityLevel.Baseline, 0, SeccompAnnotations.Check),
        new("seccompProfile_baseline", PodSecurityLevel.Baseline, 19, SeccompProfile.CheckBaseline),
        new("sysctls", PodSecurityLevel.Baseline, 0, Sysctls.Check),
        new("sysctls", PodSecurityLevel.Baseline, 27, Sysctls.CheckSince27),
        new("sysctls", PodSecurityLevel.Baseline, 29, Sysctls.CheckSince29),
        new("sysctls", PodSecurityLevel.Baseline, 32, Sysctls.CheckSince32),
        new("windowsHostProcess", PodSecurityLevel.Baseline, 0, WindowsHostProcess.Check),
        new("allowPrivilegeEscalation", PodSecurityLevel.Restricted, 8, PrivilegeEscalation.Check),
        new("allowPrivilegeEscalation", PodSecurityLevel.Restricted, 25, NotForWindows(PrivilegeEscalation.Check)),
        new("capabilities_restricted", PodSecurityLevel.Restricted, 22, DroppedCapabilities.Check, "capabilities_baseline"),
        new("capabilities_restricted", PodSecurityLevel.Restricted, 25, NotForWindows(DroppedCapabilities.Check), "capabilities_baseline"),
        new("restrictedVolumes", PodSecurityLevel.Restricted, 0, RestrictedVolumes.Check, "hostPathVolumes"),
        new("runAsNonRoot", PodSecurityLevel.Restricted, 0, RunAsNonRoot.Check),
        new("runAsUser", PodSecurityLevel.Restricted, 23, RunAsUser.Check),
        new("seccompProfile_restricted", PodSecurityLevel.Restricted, 19, SeccompProfile.CheckRestricted, "seccompProfile_baseline"),
        new("seccompProfile_restricted", PodSecurityLevel.Restricted, 25, NotForWindows(SeccompProfile.CheckRestricted), "seccompProfile_baseline"),
    ];

    private static readonly Func<PodSubject, Violation?>[][] Baseline = [.. Enumerable.Range(0, Newest + 1).Select(minor => Of(minor, PodSecurityLevel.Baseline))];

    private static readonly Func<PodSubject, Violation?>[][] Restricted = [.. Enumerable.Range(0, Newest + 1).Select(minor => Of(minor, PodSecurityLevel.Restricted))];

    /// <summary>What a pod violates; a version that this server does not know yet is the newest it knows.</summary>
    public static IReadOnlyList<Violation> Violations(PodSecurityPolicy policy, PodSubject pod)
    {
        if (policy.Level == PodSecurityLevel.Privileged)
            return [];
        var checks = (policy.Level == PodSecurityLevel.Baseline ? Baseline : Restricted)[Math.Min(policy.Minor ?? Newest, Newest)];
        return [.. checks.Select(check => check(pod)).OfType<Violation>()];
    }

    private static Func<PodSubject, Violation?>[] Of(int minor, PodSecurityLevel level)
    {
        var checks = All.Where(check => check.Level <= level && check.Since <= minor).GroupBy(check => check.Id).Select(forms => forms.MaxBy(form => form.Since)!).ToList();
        return [.. checks.Where(check => checks.TrueForAll(other => other.Overrides != check.Id)).Select(check => check.Run)];
    }

    // The API refuses these fields on a pod that says so, so it cannot do what is asked.
    private static Func<PodSubject, Violation?> NotForWindows(Func<PodSubject, Violation?> check) => pod => pod.IsForWindows ? null : check(pod);
}

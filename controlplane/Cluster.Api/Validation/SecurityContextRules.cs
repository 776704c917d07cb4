using System.Text.RegularExpressions;
using Cluster.Api.CoreV1;

namespace Cluster.Api.Validation;

/// <summary>Who a container runs as and what it may do.</summary>
internal static partial class SecurityContextRules
{
    private const string SysctlName = @"^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$";
    private const int SysctlMaxLength = 253;

    public static void OfPod(PodSpec spec, FieldPath path, FieldErrors errors)
    {
        if (spec.SecurityContext is not { } context)
        {
            return;
        }
        Id(context.HasFsGroup, context.FsGroup, path.Child("fsGroup"), errors);
        Id(context.HasRunAsUser, context.RunAsUser, path.Child("runAsUser"), errors);
        Id(context.HasRunAsGroup, context.RunAsGroup, path.Child("runAsGroup"), errors);
        for (var i = 0; i < context.SupplementalGroups.Count; i++)
        {
            Id(true, context.SupplementalGroups[i], path.Child("supplementalGroups").Index(i), errors);
        }
        if (spec is { ShareProcessNamespace: true, HostPID: true })
        {
            errors.Invalid(path.Child("shareProcessNamespace"), true, "ShareProcessNamespace and HostPID cannot both be enabled");
        }
        Sysctls(context.Sysctls, path.Child("sysctls"), errors);
        errors.OptionalOneOf(path.Child("fsGroupChangePolicy"), context.FsGroupChangePolicy, "Always", "OnRootMismatch");
        errors.OptionalOneOf(path.Child("supplementalGroupsPolicy"), context.SupplementalGroupsPolicy, "Merge", "Strict");
        Seccomp(context.SeccompProfile, path.Child("seccompProfile"), errors);
        AppArmor(context.AppArmorProfile, path.Child("appArmorProfile"), errors);
    }

    public static void OfContainer(SecurityContext? context, FieldPath path, FieldErrors errors)
    {
        if (context is null)
        {
            return;
        }
        Id(context.HasRunAsUser, context.RunAsUser, path.Child("runAsUser"), errors);
        Id(context.HasRunAsGroup, context.RunAsGroup, path.Child("runAsGroup"), errors);
        errors.OptionalOneOf(path.Child("procMount"), context.ProcMount, "Default", "Unmasked");
        if (context is { HasAllowPrivilegeEscalation: true, AllowPrivilegeEscalation: false })
        {
            NoEscalation(context, path, errors);
        }
        Seccomp(context.SeccompProfile, path.Child("seccompProfile"), errors);
        AppArmor(context.AppArmorProfile, path.Child("appArmorProfile"), errors);
    }

    private static void NoEscalation(SecurityContext context, FieldPath path, FieldErrors errors)
    {
        if (context.Privileged)
        {
            errors.Invalid(path, context, "cannot set `allowPrivilegeEscalation` to false and `privileged` to true");
        }
        if (context.Capabilities?.Add.Contains("CAP_SYS_ADMIN") == true)
        {
            errors.Invalid(path, context, "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN");
        }
    }

    private static void Id(bool given, long value, FieldPath path, FieldErrors errors)
    {
        if (given)
        {
            errors.Invalid(path, value, NameFormats.UserOrGroupId(value));
        }
    }

    private static void Sysctls(IReadOnlyList<Sysctl> sysctls, FieldPath path, FieldErrors errors)
    {
        var names = new HashSet<string>();
        for (var i = 0; i < sysctls.Count; i++)
        {
            var (name, at) = (sysctls[i].Name, path.Index(i).Child("name"));
            if (!errors.Present(at, name))
            {
                continue;
            }
            if (name.Length > SysctlMaxLength || !SysctlRegex().IsMatch(name))
            {
                errors.Invalid(at, name, $"must have at most {SysctlMaxLength} characters and match regex {SysctlName}");
            }
            else if (!names.Add(name))
            {
                errors.Duplicate(at, name);
            }
        }
    }

    private static void Seccomp(SeccompProfile? profile, FieldPath path, FieldErrors errors)
    {
        if (profile is null)
        {
            return;
        }
        if (profile.Type.Length == 0)
        {
            errors.Required(path.Child("type"), "type is required when seccompProfile is set");
        }
        errors.OptionalOneOf(path.Child("type"), profile.Type, "Localhost", "RuntimeDefault", "Unconfined");
        var local = path.Child("localhostProfile");
        if (profile.Type != "Localhost")
        {
            if (profile.HasLocalhostProfile)
            {
                errors.Invalid(local, profile, "can only be set when seccomp type is Localhost");
            }
        }
        else if (!profile.HasLocalhostProfile)
        {
            errors.Required(local, "must be set when seccomp type is Localhost");
        }
        else
        {
            PathRules.LocalDescending(profile.LocalhostProfile, local, errors);
        }
    }

    private static void AppArmor(AppArmorProfile? profile, FieldPath path, FieldErrors errors)
    {
        if (profile is null)
        {
            return;
        }
        if (profile.Type.Length == 0)
        {
            errors.Required(path.Child("type"), "type is required when appArmorProfile is set");
        }
        errors.OptionalOneOf(path.Child("type"), profile.Type, "Localhost", "RuntimeDefault", "Unconfined");
        var local = path.Child("localhostProfile");
        if (profile.Type == "Localhost" && profile.LocalhostProfile.Trim().Length == 0)
        {
            errors.Required(local, "must be set when AppArmor type is Localhost");
        }
        else if (profile.Type is "RuntimeDefault" or "Unconfined" && profile.HasLocalhostProfile)
        {
            errors.Invalid(local, profile.LocalhostProfile, "can only be set when AppArmor type is Localhost");
        }
    }

    [GeneratedRegex(SysctlName)]
    private static partial Regex SysctlRegex();
}

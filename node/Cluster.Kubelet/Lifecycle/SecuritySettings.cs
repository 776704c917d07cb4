using Cluster.Api.CoreV1;
using Cluster.Containers;
using Cluster.Kubelet.Variables;

namespace Cluster.Kubelet.Lifecycle;

/// <summary>The security settings of a container: its own where given, else its pod's.</summary>
internal static class SecuritySettings
{
    /// <exception cref="ContainerConfigException">The pod forbids root and the image runs as root, or as a user it can't tell.</exception>
    public static ContainerSecurity Of(Pod pod, Container container, ImageDetails image)
    {
        var own = container.SecurityContext ?? new SecurityContext();
        var shared = pod.Spec.SecurityContext ?? new PodSecurityContext();
        var user = own.HasRunAsUser ? own.RunAsUser : shared.HasRunAsUser ? shared.RunAsUser : (long?)null;
        var group = own.HasRunAsGroup ? own.RunAsGroup : shared.HasRunAsGroup ? shared.RunAsGroup : (long?)null;
        if (own.HasRunAsNonRoot ? own.RunAsNonRoot : shared.RunAsNonRoot) RequireNonRoot(user, image.User);
        var groups = shared.SupplementalGroups.Select(id => $"{id}").ToList();
        if (shared.HasFsGroup) groups.Add($"{shared.FsGroup}");
        return new ContainerSecurity
        {
            User = User(user, group),
            SupplementalGroups = groups,
            Privileged = own.Privileged,
            ReadOnlyRootFilesystem = own.ReadOnlyRootFilesystem,
            NoNewPrivileges = own.HasAllowPrivilegeEscalation && !own.AllowPrivilegeEscalation,

            // Docker's default profile stays on unless the pod says Unconfined: safer than upstream's default, and seldom noticed.
            SeccompUnconfined = (own.SeccompProfile ?? shared.SeccompProfile)?.Type == "Unconfined",
            AddCapabilities = own.Capabilities?.Add.ToList() ?? [],
            DropCapabilities = own.Capabilities?.Drop.ToList() ?? [],
        };
    }

    private static string User(long? user, long? group) => (user, group) switch
    {
        (null, null) => "",
        (null, _) => $"0:{group}",
        (_, null) => $"{user}",
        _ => $"{user}:{group}",
    };

    private static void RequireNonRoot(long? user, string imageUser)
    {
        if (user is > 0) return;
        if (user == 0) throw new ContainerConfigException("container's runAsUser breaks non-root policy");
        var name = imageUser.Split(':')[0];
        if (name is "" or "0") throw new ContainerConfigException("container has runAsNonRoot and image will run as root");
        if (!long.TryParse(name, out _))
            throw new ContainerConfigException(
                $"container has runAsNonRoot and image has non-numeric user ({name}), cannot verify user is non-root");
    }
}

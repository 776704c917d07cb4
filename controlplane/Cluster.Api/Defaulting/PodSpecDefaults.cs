using Cluster.Api.CoreV1;

namespace Cluster.Api.Defaulting;

/// <summary>Defaults of a pod's spec, alone or in a controller's template.</summary>
internal static class PodSpecDefaults
{
    private const long GracePeriodSeconds = 30;

    public static void Apply(PodTemplateSpec? template)
    {
        if (template?.Spec is { } spec)
        {
            Apply(spec);
        }
    }

    public static void Apply(PodSpec spec)
    {
        spec.DnsPolicy = spec.DnsPolicy.Or("ClusterFirst");
        spec.RestartPolicy = spec.RestartPolicy.Or("Always");
        spec.SchedulerName = spec.SchedulerName.Or("default-scheduler");
        spec.SecurityContext ??= new PodSecurityContext();
        if (!spec.HasTerminationGracePeriodSeconds)
        {
            spec.TerminationGracePeriodSeconds = GracePeriodSeconds;
        }
        MirrorServiceAccount(spec);
        ResourceListDefaults.Apply(spec.Overhead);
        foreach (var volume in spec.Volumes)
        {
            VolumeDefaults.Apply(volume);
        }
        foreach (var container in spec.InitContainers.Concat(spec.Containers))
        {
            ContainerDefaults.Apply(container);
        }
        foreach (var ephemeral in spec.EphemeralContainers)
        {
            var container = EphemeralContainers.ToContainer(ephemeral);
            ContainerDefaults.Apply(container);
            ephemeral.EphemeralContainerCommon = EphemeralContainers.FromContainer(container);
        }
    }

    /// <summary>The old name of the field is still read by old clients.</summary>
    private static void MirrorServiceAccount(PodSpec spec)
    {
        spec.ServiceAccountName = spec.ServiceAccountName.Or(spec.ServiceAccount);
        spec.ServiceAccount = spec.ServiceAccountName;
    }
}

using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Google.Protobuf.Collections;

namespace Cluster.ApiServer.Admission.PodSecurity;

/// <summary>What is looked at: a pod, or what a workload makes its pods of. Read only, by one thread.</summary>
internal sealed class PodSubject(ObjectMeta? metadata, PodSpec spec)
{
    private static readonly MapField<string, string> NoAnnotations = [];

    public MapField<string, string> Annotations => metadata?.Annotations ?? NoAnnotations;

    public PodSpec Spec => spec;

    public PodSecurityContext? Security => spec.SecurityContext;

    /// <summary>Init containers, containers, ephemeral containers; made when a check first asks, which it mostly does not.</summary>
    public IReadOnlyList<ContainerSubject> Containers => field ??=
    [
        .. spec.InitContainers.Select(one => new ContainerSubject(one.Name, one.SecurityContext, one.Ports)),
        .. spec.Containers.Select(one => new ContainerSubject(one.Name, one.SecurityContext, one.Ports)),
        .. spec.EphemeralContainers.Select(one => one.EphemeralContainerCommon).Where(one => one is not null)
            .Select(one => new ContainerSubject(one.Name, one.SecurityContext, one.Ports)),
    ];

    /// <summary>It says that it is for Windows, where most of what is asked of Linux has no meaning.</summary>
    public bool IsForWindows => spec.Os?.Name == "windows";
}

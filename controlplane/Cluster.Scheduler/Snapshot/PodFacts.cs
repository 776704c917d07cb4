using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Client;

namespace Cluster.Scheduler.Snapshot;

/// <summary>A pod with what scheduling asks of it again and again, worked out once per version of the pod. Immutable.</summary>
public sealed class PodFacts
{
    public PodFacts(Pod pod)
    {
        ArgumentNullException.ThrowIfNull(pod);
        Pod = pod;
        Key = ObjectKey.Of(pod);
        Spec = pod.Spec ?? new PodSpec();
        Requests = ResourceAmounts.Of(Pods.Requests(Spec));
        (ScoredMilliCpu, ScoredMemory) = ScoredRequests.Of(Spec);
        HostPorts = HostPort.Of(Spec);
        ControllerUid = pod.Metadata.OwnerReferences.FirstOrDefault(owner => owner.Controller)?.Uid;
        var (near, far) = (Spec.Affinity?.PodAffinity, Spec.Affinity?.PodAntiAffinity);
        RequiredAffinity = AffinityTerm.Required(near?.RequiredDuringSchedulingIgnoredDuringExecution, Key.Namespace);
        RequiredAntiAffinity = AffinityTerm.Required(far?.RequiredDuringSchedulingIgnoredDuringExecution, Key.Namespace);
        PreferredAffinity = AffinityTerm.Preferred(near?.PreferredDuringSchedulingIgnoredDuringExecution, Key.Namespace);
        PreferredAntiAffinity = AffinityTerm.Preferred(far?.PreferredDuringSchedulingIgnoredDuringExecution, Key.Namespace);
    }

    public Pod Pod { get; }

    public ObjectKey Key { get; }

    public PodSpec Spec { get; }

    public string Uid => Pod.Metadata.Uid;

    public int Priority => Spec.HasPriority ? Spec.Priority : 0;

    public ResourceAmounts Requests { get; }

    /// <summary>Cpu for comparing nodes, in thousandths: never 0.</summary>
    public long ScoredMilliCpu { get; }

    /// <summary>Memory for comparing nodes, in bytes: never 0.</summary>
    public long ScoredMemory { get; }

    public IReadOnlyList<HostPort> HostPorts { get; }

    /// <summary>The uid of the controller that owns it, or null.</summary>
    public string? ControllerUid { get; }

    public IReadOnlyList<AffinityTerm> RequiredAffinity { get; }

    public IReadOnlyList<AffinityTerm> RequiredAntiAffinity { get; }

    public IReadOnlyList<AffinityTerm> PreferredAffinity { get; }

    public IReadOnlyList<AffinityTerm> PreferredAntiAffinity { get; }
}

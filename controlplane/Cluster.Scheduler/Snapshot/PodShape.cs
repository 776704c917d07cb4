using Cluster.Api;
using Cluster.Api.CoreV1;

namespace Cluster.Scheduler.Snapshot;

/// <summary>What pods of one controller have in common, worked out once. Immutable.</summary>
public sealed class PodShape
{
    internal PodShape(Pod pod)
    {
        var spec = pod.Spec ?? new PodSpec();
        var ns = pod.Metadata.Namespace;
        Labels = pod.Metadata.Labels;
        Requests = ResourceAmounts.Of(Pods.Requests(spec));
        (ScoredMilliCpu, ScoredMemory) = ScoredRequests.Of(spec);
        HostPorts = HostPort.Of(spec);
        ControllerUid = pod.Metadata.OwnerReferences.FirstOrDefault(owner => owner.Controller)?.Uid;
        var (near, far) = (spec.Affinity?.PodAffinity, spec.Affinity?.PodAntiAffinity);
        RequiredAffinity = AffinityTerm.Required(near?.RequiredDuringSchedulingIgnoredDuringExecution, ns);
        RequiredAntiAffinity = AffinityTerm.Required(far?.RequiredDuringSchedulingIgnoredDuringExecution, ns);
        PreferredAffinity = AffinityTerm.Preferred(near?.PreferredDuringSchedulingIgnoredDuringExecution, ns);
        PreferredAntiAffinity = AffinityTerm.Preferred(far?.PreferredDuringSchedulingIgnoredDuringExecution, ns);
    }

    public IDictionary<string, string> Labels { get; }

    public ResourceAmounts Requests { get; }

    /// <summary>Cpu for comparing nodes, in thousandths: never 0.</summary>
    public long ScoredMilliCpu { get; }

    /// <summary>Memory for comparing nodes, in bytes: never 0.</summary>
    public long ScoredMemory { get; }

    public IReadOnlyList<HostPort> HostPorts { get; }

    /// <summary>The uid of the controller, or null.</summary>
    public string? ControllerUid { get; }

    public IReadOnlyList<AffinityTerm> RequiredAffinity { get; }

    public IReadOnlyList<AffinityTerm> RequiredAntiAffinity { get; }

    public IReadOnlyList<AffinityTerm> PreferredAffinity { get; }

    public IReadOnlyList<AffinityTerm> PreferredAntiAffinity { get; }

    // Of what is rarely there the parts are not compared: such a pod has a shape of its own.
    internal bool IsPlain =>
        HostPorts.Count == 0 && Requests.Others.Count == 0
        && RequiredAffinity.Count + RequiredAntiAffinity.Count + PreferredAffinity.Count + PreferredAntiAffinity.Count == 0;

    internal bool Is(PodShape other) =>
        ControllerUid == other.ControllerUid && IsPlain && other.IsPlain
        && (ScoredMilliCpu, ScoredMemory) == (other.ScoredMilliCpu, other.ScoredMemory)
        && (Requests.MilliCpu, Requests.Memory, Requests.EphemeralStorage) == (other.Requests.MilliCpu, other.Requests.Memory, other.Requests.EphemeralStorage)
        && Labels.Equals(other.Labels);

    internal int Hash() => HashCode.Combine(ControllerUid, Labels, Requests.MilliCpu, Requests.Memory);
}

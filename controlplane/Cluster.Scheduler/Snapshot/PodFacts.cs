using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Client;

namespace Cluster.Scheduler.Snapshot;

/// <summary>What scheduling asks again and again of a pod that may be on a node, without the pod itself: there are many. Immutable.</summary>
public class PodFacts
{
    private readonly PodShape _shape;

    public PodFacts(Pod pod)
    {
        ArgumentNullException.ThrowIfNull(pod);
        _shape = new PodShape(pod);
        Key = ObjectKey.Of(pod);
        Uid = pod.Metadata.Uid;
        NodeName = pod.Spec?.NodeName ?? "";
        IsTerminating = pod.IsTerminating();
    }

    internal PodFacts(Pod pod, SharedParts parts)
        : this(pod)
    {
        _shape = parts.Share(_shape);
        Key = Key with { Namespace = parts.Share(Key.Namespace) };
        NodeName = parts.Share(NodeName);
    }

    public ObjectKey Key { get; }

    public string Uid { get; }

    /// <summary>Empty: it has no node yet.</summary>
    public string NodeName { get; }

    public bool IsTerminating { get; }

    public IDictionary<string, string> Labels => _shape.Labels;

    public ResourceAmounts Requests => _shape.Requests;

    /// <inheritdoc cref="PodShape.ScoredMilliCpu"/>
    public long ScoredMilliCpu => _shape.ScoredMilliCpu;

    /// <inheritdoc cref="PodShape.ScoredMemory"/>
    public long ScoredMemory => _shape.ScoredMemory;

    public IReadOnlyList<HostPort> HostPorts => _shape.HostPorts;

    /// <summary>The uid of the controller that owns it, or null.</summary>
    public string? ControllerUid => _shape.ControllerUid;

    public IReadOnlyList<AffinityTerm> RequiredAffinity => _shape.RequiredAffinity;

    public IReadOnlyList<AffinityTerm> RequiredAntiAffinity => _shape.RequiredAntiAffinity;

    public IReadOnlyList<AffinityTerm> PreferredAffinity => _shape.PreferredAffinity;

    public IReadOnlyList<AffinityTerm> PreferredAntiAffinity => _shape.PreferredAntiAffinity;
}

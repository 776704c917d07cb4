using Cluster.Api.CoreV1;
using Cluster.Client;

namespace Cluster.Scheduler.Snapshot;

/// <summary>Nodes and the pods on them, those included that we are about to bind. Safe for concurrent use.</summary>
/// <remarks>
/// A pod is assumed on its node from the moment the scheduler has chosen, so that the next choice counts it in. The informer's word
/// replaces the assumption; an assumption that nobody confirms after its binding is dropped.
/// </remarks>
internal sealed class ClusterCache(TimeProvider time)
{
    /// <summary>How long after a binding the informer may take to show it; Kubernetes' number.</summary>
    public static readonly TimeSpan AssumedLife = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly Dictionary<string, NodeState> _nodes = [];
    private readonly Dictionary<ObjectKey, Placement> _placements = [];
    private readonly Dictionary<string, int> _positions = [];
    private readonly HashSet<string> _changed = [];
    private NodeState[] _snapshot = [];
    private bool _nodesCameOrWent;

    /// <summary>All nodes as they are now. Only what changed since the last snapshot is replaced.</summary>
    public IReadOnlyList<NodeState> Snapshot()
    {
        lock (_gate)
        {
            if (_nodesCameOrWent)
                RebuildLocked();
            else if (_changed.Count > 0)
                ReplaceChangedLocked();
            _nodesCameOrWent = false;
            _changed.Clear();
            return _snapshot;
        }
    }

    public void SetNode(Node node)
    {
        lock (_gate)
        {
            var state = StateLocked(node.Metadata.Name);
            _nodesCameOrWent |= state.KnownNode is null;
            SetLocked(state.With(node));
        }
    }

    /// <summary>Its pods stay known: the node may come back.</summary>
    public void RemoveNode(string name)
    {
        lock (_gate)
        {
            _nodesCameOrWent = true;
            SetLocked(StateLocked(name).With((Node?)null));
        }
    }

    /// <summary>The informer shows the pod on its node.</summary>
    public void SetPod(PodFacts pod)
    {
        lock (_gate)
        {
            RemovePodLocked(pod.Key);
            PlaceLocked(pod, pod.NodeName, Assumed: false);
        }
    }

    public void RemovePod(ObjectKey pod)
    {
        lock (_gate)
            RemovePodLocked(pod);
    }

    /// <summary>The scheduler has chosen the node.</summary>
    public void Assume(PodFacts pod, string node)
    {
        lock (_gate)
        {
            RemovePodLocked(pod.Key);
            PlaceLocked(pod, node, Assumed: true);
        }
    }

    /// <summary>The binding stands: from now on the informer has <see cref="AssumedLife"/>.</summary>
    public void FinishBinding(PodFacts pod)
    {
        lock (_gate)
        {
            if (_placements.TryGetValue(pod.Key, out var placement) && placement.Assumed)
                _placements[pod.Key] = placement with { BoundAt = time.GetTimestamp() };
        }
    }

    /// <summary>The binding failed.</summary>
    public void Forget(PodFacts pod)
    {
        lock (_gate)
        {
            if (_placements.TryGetValue(pod.Key, out var placement) && placement.Assumed && placement.Pod.Uid == pod.Uid)
                RemovePodLocked(pod.Key);
        }
    }

    /// <summary>We have chosen a node for this very pod, and the informer has not shown it yet.</summary>
    public bool IsAssumed(PodFacts pod)
    {
        lock (_gate)
            return _placements.TryGetValue(pod.Key, out var placement) && placement.Assumed && placement.Pod.Uid == pod.Uid;
    }

    /// <summary>Drops assumptions nobody confirmed.</summary>
    /// <returns>How many.</returns>
    public int ExpireAssumed()
    {
        lock (_gate)
        {
            var expired = _placements.Where(pair => pair.Value is { Assumed: true, BoundAt: { } at } && time.GetElapsedTime(at) >= AssumedLife).ToList();
            foreach (var (key, _) in expired)
                RemovePodLocked(key);
            return expired.Count;
        }
    }

    private NodeState StateLocked(string name) => _nodes.GetValueOrDefault(name) ?? NodeState.Named(name);

    private void SetLocked(NodeState state)
    {
        if (state.IsEmpty)
            _nodes.Remove(state.Name);
        else
            _nodes[state.Name] = state;
        _changed.Add(state.Name);
    }

    private void PlaceLocked(PodFacts pod, string node, bool Assumed)
    {
        _placements[pod.Key] = new Placement(pod, node, Assumed, null);
        SetLocked(StateLocked(node).With(pod));
    }

    private void RemovePodLocked(ObjectKey pod)
    {
        if (_placements.Remove(pod, out var placement))
            SetLocked(StateLocked(placement.Node).Without(placement.Pod));
    }

    private void RebuildLocked()
    {
        _snapshot = [.. _nodes.Values.Where(state => state.KnownNode is not null)];
        _positions.Clear();
        for (var i = 0; i < _snapshot.Length; i++)
            _positions[_snapshot[i].Name] = i;
    }

    // The array in a scheduling cycle's hands must not change under it: a copy of references, a microsecond for a thousand nodes.
    private void ReplaceChangedLocked()
    {
        _snapshot = [.. _snapshot];
        foreach (var name in _changed)
        {
            if (_positions.TryGetValue(name, out var position))
                _snapshot[position] = _nodes[name];
        }
    }

    private sealed record Placement(PodFacts Pod, string Node, bool Assumed, long? BoundAt);
}

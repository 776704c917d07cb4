using Cluster.Api;
using Cluster.Api.CoordinationV1;
using Cluster.Api.CoreV1;
using Cluster.Client;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.Nodes;

/// <summary>Notices nodes that fall silent, says so in their conditions and taints, and marks their pods not ready.</summary>
internal sealed class NodeLifecycleController(ControllerContext context) : IController
{
    public const string PodsByNode = "node";

    // A node that is away is looked at every few seconds: not each time at pods that were told already.
    private const string ReadyPodsByNode = "ready-node";

    private const string LeaseNamespace = "kube-node-lease";

    private readonly EventRecorder _events = context.Events("node-controller");
    private readonly Heartbeats _heartbeats = new(context.Time);
    private readonly EvictionPace _pace = new(context.Options, context.Time);

    // Since when we have seen a node away, and the nodes we have seen at all. Only the one worker uses them.
    private readonly Dictionary<string, long> _awaySince = [];
    private readonly HashSet<string> _registered = [];
    private Informer<Node> _nodes = null!;
    private Informer<Lease> _leases = null!;
    private Informer<Pod> _pods = null!;

    public string Name => "nodelifecycle";

    /// <summary>One: the pace of evictions looks at all nodes.</summary>
    public int Workers => 1;

    public void Watch(ControllerWatches watches)
    {
        _nodes = watches.Own<Node>();
        _leases = watches.Read<Lease>();
        _pods = watches.Read<Pod>();
        _pods.AddIndex(PodsByNode, pod => [pod.Spec?.NodeName ?? ""]);
        _pods.AddIndex(ReadyPodsByNode, pod => pod.IsReady() && !pod.IsTerminal() ? [pod.Spec?.NodeName ?? ""] : []);
    }

    public async Task<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_nodes.Get(key) is not { } node)
        {
            _heartbeats.Forget(key.Name);
            _awaySince.Remove(key.Name);
            _registered.Remove(key.Name);
            return null;
        }

        if (_registered.Add(key.Name))
        {
            _events.Record(node, "Normal", "RegisteredNode", $"Node {key.Name} event: Registered Node {key.Name} in Controller");
        }

        node = await JudgeAsync(node, cancellationToken);
        NoteAway(node);
        await TaintAsync(node, cancellationToken);
        if (Taints.HealthKey(node) is not null)
        {
            await MarkPodsAsync(node, cancellationToken);
        }

        return context.Options.NodeMonitorPeriod;
    }

    /// <summary>Sets the conditions of a node that has been silent for too long to Unknown.</summary>
    private async Task<Node> JudgeAsync(Node node, CancellationToken cancellationToken)
    {
        var silence = _heartbeats.Silence(node, _leases.Get(LeaseNamespace, node.Metadata.Name));
        var neverReported = Taints.StatusOf(node, "Ready") is null;
        var grace = neverReported ? context.Options.NodeStartupGracePeriod : context.Options.NodeMonitorGracePeriod;
        if (silence <= grace)
        {
            return node;
        }

        var updated = NodeConditions.Unknown(node, context.Now);
        if (updated.Equals(node))
        {
            return node;
        }

        if (Taints.StatusOf(node, "Ready") == "True")
        {
            _events.Record(node, "Normal", "NodeNotReady", $"Node {node.Metadata.Name} status is now: NodeNotReady");
        }

        return await context.Client.UpdateStatusAsync(updated, cancellationToken);
    }

    private void NoteAway(Node node)
    {
        if (Taints.HealthKey(node) is null)
        {
            _awaySince.Remove(node.Metadata.Name);
        }
        else
        {
            _awaySince.TryAdd(node.Metadata.Name, context.Time.GetTimestamp());
        }
    }

    private async Task TaintAsync(Node node, CancellationToken cancellationToken)
    {
        var old = node.Spec?.Taints.ToList() ?? [];
        var taints = old.Where(taint => !Taints.IsOurs(taint)).ToList();
        foreach (var key in Taints.NoScheduleKeys(node))
        {
            taints.Add(old.Find(taint => taint.Key == key && taint.Effect == Taints.NoSchedule) ?? new() { Key = key, Effect = Taints.NoSchedule, TimeAdded = context.Now.ToTime() });
        }

        if (EvictingTaint(node, old) is { } evicting)
        {
            taints.Add(evicting);
        }

        if (taints.Count == old.Count && taints.TrueForAll(taint => old.Exists(one => one.Key == taint.Key && one.Effect == taint.Effect)))
        {
            return;
        }

        var updated = node.Clone();
        (updated.Spec ??= new()).Taints.Clear();
        updated.Spec.Taints.Add(taints);
        await context.Client.UpdateAsync(updated, cancellationToken);
    }

    /// <summary>The taint that drives pods away. Changing its key is free; adding one goes at the pace of evictions.</summary>
    private Taint? EvictingTaint(Node node, List<Taint> old)
    {
        // A node that never reported has no pods to lose.
        if (Taints.HealthKey(node) is not { } key || Taints.StatusOf(node, "Ready") is null)
        {
            return null;
        }

        var present = old.Find(taint => taint is { Effect: Taints.NoExecute, Key: Taints.NotReady or Taints.Unreachable });
        if (present?.Key == key)
        {
            return present;
        }

        // After one more round, in which all who fell silent together have been judged: if nobody is left, it is not the node's fault.
        var isSettled = context.Time.GetElapsedTime(_awaySince[node.Metadata.Name]) > context.Options.NodeMonitorPeriod;
        return present is not null || (isSettled && _pace.MayEvict(node, _nodes.List()))
            ? new() { Key = key, Effect = Taints.NoExecute, TimeAdded = present?.TimeAdded ?? context.Now.ToTime() }
            : null;
    }

    /// <summary>Nothing answers on a node that is away, whatever its pods last said: services must not send anyone there.</summary>
    private async Task MarkPodsAsync(Node node, CancellationToken cancellationToken)
    {
        foreach (var pod in _pods.ByIndex(ReadyPodsByNode, node.Metadata.Name))
        {
            var updated = pod.Clone();
            updated.Status.SetCondition(new()
            {
                Type = "Ready", Status = "False", Reason = "NodeNotReady", LastTransitionTime = context.Now.ToTime(),
            });
            if (pod.IsTerminating())
            {
                updated.Status.Reason = "NodeLost";
                updated.Status.Message = $"Node {node.Metadata.Name} which was running pod {pod.Metadata.Name} is unresponsive";
            }

            try
            {
                await context.Client.UpdateStatusAsync(updated, cancellationToken);
                _events.Record(pod, "Warning", "NodeNotReady", "Node is not ready");
            }
            catch (StatusException e) when (e.IsConflict || e.IsNotFound)
            {
                // It changed meanwhile: the next look is a few seconds away.
            }
        }
    }
}

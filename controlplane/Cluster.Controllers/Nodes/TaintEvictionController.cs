using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Client;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.Nodes;

/// <summary>Deletes pods from nodes with NoExecute taints that they do not tolerate, or not for longer.</summary>
internal sealed class TaintEvictionController(ControllerContext context) : IController
{
    private readonly EventRecorder _events = context.Events("taint-eviction-controller");
    private Informer<Pod> _pods = null!;
    private Informer<Node> _nodes = null!;

    public string Name => "tainteviction";

    public void Watch(ControllerWatches watches)
    {
        _pods = watches.On<Pod>((old, current) =>
        {
            // Tolerations and the node are all that matters; most changes are of the status.
            if (current?.Spec?.NodeName.Length > 0 && (old is null || old.Spec.NodeName != current.Spec.NodeName || !old.Spec.Tolerations.Equals(current.Spec.Tolerations)))
            {
                watches.Add(ObjectKey.Of(current));
            }
        });
        _pods.AddIndex(NodeLifecycleController.PodsByNode, pod => [pod.Spec?.NodeName ?? ""]);
        _nodes = watches.On<Node>((old, current) =>
        {
            if (current is not null && (old is null || !Equals(old.Spec?.Taints, current.Spec?.Taints)))
            {
                foreach (var pod in _pods.ByIndex(NodeLifecycleController.PodsByNode, current.Metadata.Name))
                {
                    watches.Add(ObjectKey.Of(pod));
                }
            }
        });
    }

    public async Task<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_pods.Get(key) is not { } pod || pod.IsTerminating() || _nodes.Get(null, pod.Spec.NodeName) is not { } node)
        {
            return null;
        }

        var taints = node.Spec?.Taints.Where(taint => taint.Effect == Taints.NoExecute) ?? [];
        if (Taints.EvictionTime(pod, taints, context.Now) is not { } at)
        {
            return null;
        }

        if (at > context.Now)
        {
            return at - context.Now;
        }

        _events.Record(pod, "Normal", "TaintManagerEviction", $"Marking for deletion Pod {key}");
        try
        {
            await Disruptions.MarkAsync(
                context, pod, "DeletionByTaintManager", "Taint manager: deleting due to NoExecute taint", hasFailed: false, cancellationToken);
            var options = new Api.MetaV1.DeleteOptions { Preconditions = new() { Uid = pod.Metadata.Uid } };
            await context.Client.DeleteAsync<Pod>(key.Namespace, key.Name, options, cancellationToken);
        }
        catch (StatusException e) when (e.IsNotFound || e.IsConflict)
        {
            // Gone, or another pod of the name: not the one we looked at.
        }

        return null;
    }
}

using Cluster.Api;
using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Api.Selectors;
using Cluster.Client;
using Cluster.Controllers.Framework;
using Cluster.Controllers.History;
using Cluster.Controllers.Replication;

namespace Cluster.Controllers.DaemonSets;

/// <summary>Keeps one pod on each node that is for it. The scheduler places them: each pod names its node in its affinity.</summary>
internal sealed class DaemonSetController : IController
{
    /// <summary>Pods made or deleted in one go.</summary>
    private const int Burst = 250;

    private readonly ControllerContext _context;
    private readonly EventRecorder _events;
    private readonly Expectations _expectations;
    private readonly PodWrites _writes;
    private readonly Backoffs _backoffs;
    private Informer<DaemonSet> _sets = null!;
    private Informer<Pod> _pods = null!;
    private Informer<Node> _nodes = null!;
    private RevisionHistory<DaemonSet> _history = null!;

    public DaemonSetController(ControllerContext context)
    {
        _context = context;
        _events = context.Events("daemonset-controller");
        _expectations = new(context.Time);
        _writes = new(context.Client, _events, _expectations);
        _backoffs = new(context.Time);
    }

    public string Name => "daemonset";

    public void Watch(ControllerWatches watches)
    {
        _sets = watches.Own<DaemonSet>();
        _pods = watches.Read<Pod>();
        OwnerIndex.AddTo(_pods);
        _pods.AddHandler(new PodChanges<DaemonSet>(Selector, _sets, _expectations, watches) { MinReadySeconds = set => set.Spec.MinReadySeconds }.Handle);
        _nodes = watches.On<Node>((old, current) =>
        {
            if (old is null || current is null || IsMoved(old, current))
            {
                foreach (var set in _sets.List())
                {
                    watches.Add(ObjectKey.Of(set));
                }
            }
        });
        var revisions = watches.Read<ControllerRevision>();
        OwnerIndex.AddTo(revisions);
        _history = new(_context.Client, revisions, RevisionLabel.Name);
    }

    public async Task<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_sets.Get(key) is not { } set)
        {
            _expectations.Forget(key);
            return null;
        }

        if (set.Metadata.DeletionTimestamp is not null)
        {
            return null;
        }

        var selector = Selector(set);
        if (selector.IsEmpty)
        {
            _events.Record(set, "Warning", "SelectingAll", "This daemon set is selecting all pods. A non-empty selector is required.");
            return null;
        }

        var revisions = await _history.SyncAsync(set, set.Spec.Template, selector, cancellationToken);
        // Asked before the pods are read: what is seen after the question can only make the picture newer.
        var mayAct = _expectations.AreMet(key);
        var refs = new ControllerRefs<DaemonSet, Pod>(_context.Client, set, selector);
        var owned = await refs.ClaimAsync(
            OwnerIndex.OwnedBy(_pods, set), OwnerIndex.OrphansIn(_pods, key.Namespace), _ => true, cancellationToken);
        var hash = _history.Hash(revisions[^1]);
        var pods = new DaemonPods(set, owned, _nodes.List(), hash, _context.Now);
        var (failure, again) = mayAct ? await ActAsync(set, pods, hash, cancellationToken) : (null, null);
        await WriteStatusAsync(set, pods, cancellationToken);
        if (set.Spec.HasRevisionHistoryLimit)
        {
            var used = owned.Select(RevisionLabel.Of).ToHashSet();
            await _history.TrimAsync(revisions, set.Spec.RevisionHistoryLimit, revision => used.Contains(_history.Hash(revision)), cancellationToken);
        }

        if (failure is not null)
        {
            throw failure;
        }

        var available = Availability.Next(owned, set.Spec.MinReadySeconds, _context.Now);
        return Sooner.Of(Sooner.Of(again, available), _expectations.UntilLost(key));
    }

    private static LabelSelector Selector(DaemonSet set) => LabelSelector.From(set.Spec.Selector);

    /// <summary>What decides where daemons run has changed.</summary>
    private static bool IsMoved(Node old, Node current) =>
        !old.Metadata.Labels.Equals(current.Metadata.Labels) || !Same.Meaning(old.Spec, current.Spec);

    /// <summary>First what ended and what is out of place, then what is missing, and only when all that is seen the next step of an update.</summary>
    private async Task<(Exception? Failure, TimeSpan? Again)> ActAsync(DaemonSet set, DaemonPods pods, string hash, CancellationToken cancellationToken)
    {
        var update = new DaemonUpdate(set, pods);
        var (ended, again) = Ended(set, pods);
        List<Pod> victims = [.. ended, .. pods.Surplus(update.MaxSurge > 0)];
        List<Node> lacking = [.. pods.Missing];
        if (victims.Count + lacking.Count == 0 && update.IsRolling)
        {
            victims = update.MaxSurge > 0 ? [] : [.. update.Victims()];
            lacking = [.. update.Surging()];
        }

        Exception? failure = null;
        if (victims.Count > 0)
        {
            failure = await _writes.DeleteAsync(set, [.. victims.Take(Burst)], cancellationToken);
        }
        else if (lacking.Count > 0)
        {
            failure = await _writes.CreateAsync(set, [.. lacking.Take(Burst).Select(node => Make(set, hash, node.Metadata.Name))], cancellationToken);
        }

        return (failure, again);
    }

    /// <summary>Ended pods that may be deleted now; of a daemon that fails again and again each next one waits longer.</summary>
    private (List<Pod> Pods, TimeSpan? Again) Ended(DaemonSet set, DaemonPods pods)
    {
        List<Pod> now = [];
        TimeSpan? again = null;
        foreach (var pod in pods.Ended)
        {
            var node = DaemonNodes.NodeOf(pod);
            if (_backoffs.Wait($"{set.Metadata.Uid}/{node}") is { } wait)
            {
                again = again < wait ? again : wait;
                continue;
            }

            var word = pod.Status.Phase == "Failed" ? ("Warning", "FailedDaemonPod", "failed") : ("Normal", "SucceededDaemonPod", "succeeded");
            _events.Record(set, word.Item1, word.Item2, $"Found {word.Item3} daemon pod {set.Metadata.Namespace}/{pod.Metadata.Name} on node {node}, will try to "
                + (word.Item3 == "failed" ? "kill" : "delete") + " it");
            now.Add(pod);
        }

        return (now, again);
    }

    private static Pod Make(DaemonSet set, string hash, string node)
    {
        var pod = PodMaker.FromTemplate(set.Spec.Template, set);
        pod.Metadata.Labels[RevisionLabel.Name] = hash;
        DaemonNodes.Assign(pod, node);
        return pod;
    }

    private async Task WriteStatusAsync(DaemonSet set, DaemonPods pods, CancellationToken cancellationToken)
    {
        var status = pods.Status();
        status.Conditions.Add(set.Status?.Conditions ?? []);
        if (Same.Meaning(set.Status, status))
        {
            return;
        }

        var updated = set.Clone();
        updated.Status = status;
        await _context.Client.UpdateStatusAsync(updated, cancellationToken);
    }
}

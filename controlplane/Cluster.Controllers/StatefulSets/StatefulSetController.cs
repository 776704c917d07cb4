using Cluster.Api;
using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Api.Selectors;
using Cluster.Client;
using Cluster.Controllers.Framework;
using Cluster.Controllers.History;
using Cluster.Controllers.Replication;

namespace Cluster.Controllers.StatefulSets;

/// <summary>Keeps numbered pods, each with a name and claims of its own that stay when the pod is made anew.</summary>
/// <remarks>Names make expectations needless: a pod made twice is refused, and what is deleted is named by its uid. Claims are never deleted.</remarks>
internal sealed class StatefulSetController : IController
{
    private readonly ControllerContext _context;
    private readonly EventRecorder _events;
    private Informer<StatefulSet> _sets = null!;
    private Informer<Pod> _pods = null!;
    private Informer<PersistentVolumeClaim> _claims = null!;
    private RevisionHistory<StatefulSet> _history = null!;

    public StatefulSetController(ControllerContext context)
    {
        _context = context;
        _events = context.Events("statefulset-controller");
    }

    public string Name => "statefulset";

    public void Watch(ControllerWatches watches)
    {
        _sets = watches.Own<StatefulSet>();
        _pods = watches.Read<Pod>();
        OwnerIndex.AddTo(_pods);
        var changes = new PodChanges<StatefulSet>(Selector, _sets, new Expectations(_context.Time), watches) { MinReadySeconds = set => set.Spec.MinReadySeconds };
        _pods.AddHandler(changes.Handle);
        _claims = watches.Read<PersistentVolumeClaim>();
        var revisions = watches.Read<ControllerRevision>();
        OwnerIndex.AddTo(revisions);
        _history = new(_context.Client, revisions, "controller.kubernetes.io/hash");
    }

    public async Task<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_sets.Get(key) is not { Metadata.DeletionTimestamp: null } set || Selector(set) is not { IsEmpty: false } selector)
        {
            return null;
        }

        var revisions = await _history.SyncAsync(set, set.Spec.Template, selector, cancellationToken);
        var update = revisions[^1];
        var current = revisions.Find(revision => revision.Metadata.Name == set.Status?.CurrentRevision) ?? update;
        var refs = new ControllerRefs<StatefulSet, Pod>(_context.Client, set, selector);
        var owned = await refs.ClaimAsync(
            OwnerIndex.OwnedBy(_pods, set), OwnerIndex.OrphansIn(_pods, key.Namespace),
            pod => StatefulIdentity.OrdinalOf(set, pod.Metadata.Name) is not null, cancellationToken);
        var pods = new StatefulPods(set, owned, _context.Now);
        try
        {
            await StepAsync(set, StatefulStep.Of(set, pods, update.Metadata.Name), current, update, cancellationToken);
        }
        finally
        {
            await WriteStatusAsync(set, pods.Count(set.Status ?? new(), current.Metadata.Name, update.Metadata.Name), cancellationToken);
        }

        if (set.Spec.HasRevisionHistoryLimit)
        {
            var used = owned.Select(RevisionLabel.Of).Append(current.Metadata.Name).ToHashSet();
            await _history.TrimAsync(revisions, set.Spec.RevisionHistoryLimit, revision => used.Contains(revision.Metadata.Name), cancellationToken);
        }

        return Availability.Next(owned, set.Spec.MinReadySeconds, _context.Now);
    }

    private static LabelSelector Selector(StatefulSet set) => LabelSelector.From(set.Spec.Selector);

    private async Task StepAsync(
        StatefulSet set, StatefulStep step, ControllerRevision current, ControllerRevision update, CancellationToken cancellationToken)
    {
        foreach (var ordinal in step.Create)
        {
            await CreateAsync(set, ordinal, ordinal < StatefulStep.Partition(set) ? current : update, cancellationToken);
        }

        foreach (var pod in step.Delete)
        {
            await DeleteAsync(set, pod, cancellationToken);
        }
    }

    private async Task CreateAsync(StatefulSet set, int ordinal, ControllerRevision revision, CancellationToken cancellationToken)
    {
        var template = RevisionHistory<StatefulSet>.Template(revision) ?? set.Spec.Template;
        var pod = StatefulIdentity.Make(set, template, revision.Metadata.Name, ordinal);
        try
        {
            foreach (var claim in StatefulIdentity.Claims(set, ordinal))
            {
                await EnsureClaimAsync(claim, cancellationToken);
            }

            await _context.Client.CreateAsync(pod, cancellationToken);
            _events.Record(set, "Normal", "SuccessfulCreate", $"create Pod {pod.Metadata.Name} in StatefulSet {set.Metadata.Name} successful");
        }
        catch (StatusException e) when (e.IsAlreadyExists)
        {
            // Ours, which the cache has not seen, or somebody else's, which is in the way until it goes: its event brings us back.
            await WaitForOthersAsync(set, pod, cancellationToken);
        }
        catch (StatusException e)
        {
            if (NamespaceEnd.Explains(e))
            {
                return;
            }

            _events.Record(
                set, "Warning", "FailedCreate", $"create Pod {pod.Metadata.Name} in StatefulSet {set.Metadata.Name} failed error: {e.Message}");
            throw;
        }
    }

    /// <exception cref="InvalidOperationException">The name is taken by a pod that is not the set's: try again later.</exception>
    private async Task WaitForOthersAsync(StatefulSet set, Pod pod, CancellationToken cancellationToken)
    {
        var there = await _context.Client.GetAsync<Pod>(pod.Metadata.Namespace, pod.Metadata.Name, cancellationToken);
        if (!OwnerReferences.IsControlledBy(there, set))
        {
            throw new InvalidOperationException($"pod {pod.Metadata.Name} is there and is not of stateful set {set.Metadata.Name}");
        }
    }

    private async Task EnsureClaimAsync(PersistentVolumeClaim claim, CancellationToken cancellationToken)
    {
        if (_claims.Get(claim.Metadata.Namespace, claim.Metadata.Name) is not null)
        {
            return;
        }

        try
        {
            await _context.Client.CreateAsync(claim, cancellationToken);
        }
        catch (StatusException e) when (e.IsAlreadyExists)
        {
            // From an earlier life of the pod: that is its purpose.
        }
    }

    private async Task DeleteAsync(StatefulSet set, Pod pod, CancellationToken cancellationToken)
    {
        if (pod.Status?.Phase == "Failed")
        {
            _events.Record(set, "Warning", "RecreatingFailedPod", $"StatefulSet {set.Metadata.Namespace}/{set.Metadata.Name} is recreating failed Pod {pod.Metadata.Name}");
        }

        try
        {
            var options = new Api.MetaV1.DeleteOptions { Preconditions = new() { Uid = pod.Metadata.Uid } };
            await _context.Client.DeleteAsync<Pod>(pod.Metadata.Namespace, pod.Metadata.Name, options, cancellationToken);
            _events.Record(set, "Normal", "SuccessfulDelete", $"delete Pod {pod.Metadata.Name} in StatefulSet {set.Metadata.Name} successful");
        }
        catch (StatusException e) when (e.IsNotFound || e.IsConflict)
        {
            // Gone, or another pod of the name by now: the next look decides about that one.
        }
    }

    private async Task WriteStatusAsync(StatefulSet set, StatefulSetStatus status, CancellationToken cancellationToken)
    {
        if (Same.Meaning(set.Status, status))
        {
            return;
        }

        var updated = set.Clone();
        updated.Status = status;
        await _context.Client.UpdateStatusAsync(updated, cancellationToken);
    }
}

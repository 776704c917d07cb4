using Cluster.Api;
using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Api.Selectors;
using Cluster.Client;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.Deployments;

/// <summary>Rolls pods from one template to the next, by a replica set for each, and remembers the sets to roll back to.</summary>
internal sealed class DeploymentController : IController
{
    private readonly ControllerContext _context;
    private readonly EventRecorder _events;
    private readonly SetWriter _writer;
    private Informer<Deployment> _deployments = null!;
    private Informer<ReplicaSet> _sets = null!;
    private Informer<Pod> _pods = null!;

    public DeploymentController(ControllerContext context)
    {
        _context = context;
        _events = context.Events("deployment-controller");
        _writer = new(context, _events);
    }

    public string Name => "deployment";

    public void Watch(ControllerWatches watches)
    {
        _deployments = watches.Own<Deployment>();
        _sets = watches.On<ReplicaSet>((old, current) => AddOwners(watches, old, current));
        _pods = watches.On<Pod>((old, current) => AddRecreating(watches, old, current));
        OwnerIndex.AddTo(_sets);
        OwnerIndex.AddTo(_pods);
    }

    public async Task<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_deployments.Get(key) is not { } deployment)
        {
            return null;
        }

        var selector = LabelSelector.From(deployment.Spec.Selector);
        if (selector.IsEmpty)
        {
            _events.Record(deployment, "Warning", "SelectingAll", "This deployment is selecting all pods. A non-empty selector is required.");
            return null;
        }

        var refs = new ControllerRefs<Deployment, ReplicaSet>(_context.Client, deployment, selector);
        var sets = await refs.ClaimAsync(
            OwnerIndex.OwnedBy(_sets, deployment), OwnerIndex.OrphansIn(_sets, key.Namespace), _ => true, cancellationToken);
        var rollout = new Rollout(deployment, sets);
        var progress = await ActAsync(rollout, cancellationToken);
        return await WriteStatusAsync(rollout, progress, cancellationToken);
    }

    /// <summary>Does what there is to do; true if the status shall tell of progress.</summary>
    private async Task<bool> ActAsync(Rollout rollout, CancellationToken cancellationToken)
    {
        var deployment = rollout.Deployment;
        if (deployment.Metadata.DeletionTimestamp is not null)
        {
            return false;
        }

        NotePause(deployment);
        if (deployment.Spec.Paused || Resizing.IsNeeded(rollout))
        {
            await _writer.EnsureNewAsync(rollout, create: false, cancellationToken);
            await new Resizing(_writer).RunAsync(rollout, cancellationToken);
            if (deployment.Spec.Paused)
            {
                await DropHistoryAsync(rollout, cancellationToken);
            }

            return false;
        }

        await _writer.EnsureNewAsync(rollout, create: !rollout.UsesRecreate, cancellationToken);
        await (rollout.UsesRecreate
            ? new Recreate(_writer, _pods).StepAsync(rollout, cancellationToken)
            : new RollingUpdate(_writer).StepAsync(rollout, cancellationToken));
        if (RolloutStatus.IsComplete(deployment, deployment.Status))
        {
            await DropHistoryAsync(rollout, cancellationToken);
        }

        return true;
    }

    /// <summary>While a deployment is paused its deadline does not run.</summary>
    private void NotePause(Deployment deployment)
    {
        var progressing = deployment.Status.Get(DeploymentConditions.Progressing);
        if (deployment.ProgressDeadline() is null || progressing?.Reason == DeploymentConditions.TimedOut)
        {
            return;
        }

        var isNoted = progressing?.Reason == DeploymentConditions.Paused;
        if (deployment.Spec.Paused && !isNoted)
        {
            deployment.Status.Set(DeploymentConditions.Progressing, "Unknown", DeploymentConditions.Paused, "Deployment is paused", _context.Now);
        }
        else if (!deployment.Spec.Paused && isNoted)
        {
            deployment.Status.Set(DeploymentConditions.Progressing, "Unknown", DeploymentConditions.Resumed, "Deployment is resumed", _context.Now);
        }
    }

    /// <summary>Old sets above the limit go, the oldest revisions first, if they are empty.</summary>
    private async Task DropHistoryAsync(Rollout rollout, CancellationToken cancellationToken)
    {
        var spec = rollout.Deployment.Spec;
        if (!spec.HasRevisionHistoryLimit)
        {
            return;
        }

        var old = rollout.Old.Where(set => set.Metadata.DeletionTimestamp is null).OrderBy(Revisions.Of).ThenBy(RolloutSets.Created).ToList();
        foreach (var set in old.Take(old.Count - spec.RevisionHistoryLimit))
        {
            if (set.Wanted() == 0 && !(set.Status?.Replicas > 0) && set.Status?.ObservedGeneration >= set.Metadata.Generation)
            {
                await DeleteAsync(set, cancellationToken);
            }
        }
    }

    private async Task DeleteAsync(ReplicaSet set, CancellationToken cancellationToken)
    {
        try
        {
            var options = new Api.MetaV1.DeleteOptions { Preconditions = new() { Uid = set.Metadata.Uid } };
            await _context.Client.DeleteAsync<ReplicaSet>(set.Metadata.Namespace, set.Metadata.Name, options, cancellationToken);
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            // What we wanted.
        }
    }

    private async Task<TimeSpan?> WriteStatusAsync(Rollout rollout, bool progress, CancellationToken cancellationToken)
    {
        var status = RolloutStatus.Compute(rollout, progress, _context.Now);
        if (!Same.Meaning(status, rollout.Seen.Status ?? new()))
        {
            rollout.Deployment.Status = status;
            await _context.Client.UpdateStatusAsync(rollout.Deployment, cancellationToken);
        }

        // A second more: the condition's time has no fractions.
        return RolloutStatus.TimeLeft(rollout.Deployment, status, _context.Now) is { } left && left > TimeSpan.FromSeconds(-1)
            ? left + TimeSpan.FromSeconds(1)
            : null;
    }

    private void AddOwners(ControllerWatches watches, ReplicaSet? old, ReplicaSet? current)
    {
        foreach (var set in (ReplicaSet?[])[old, current])
        {
            if (set is not null && OwnerReferences.ControllerOf(set) is { Kind: "Deployment" } owner)
            {
                watches.Add(new(set.Metadata.Namespace, owner.Name));
            }
        }

        if (current is not null && OwnerReferences.ControllerOf(current) is null)
        {
            foreach (var deployment in _deployments.List())
            {
                if (deployment.Metadata.Namespace == current.Metadata.Namespace && LabelSelector.From(deployment.Spec.Selector).Matches(current))
                {
                    watches.Add(ObjectKey.Of(deployment));
                }
            }
        }
    }

    /// <summary>Recreate waits for the last old pod to be gone, which no set's status tells.</summary>
    private void AddRecreating(ControllerWatches watches, Pod? old, Pod? current)
    {
        if (current is null
            && OwnerReferences.ControllerOf(old!) is { Kind: "ReplicaSet" } set
            && _sets.Get(old!.Metadata.Namespace, set.Name) is { } owner
            && OwnerReferences.ControllerOf(owner) is { Kind: "Deployment" } deployment
            && _deployments.Get(old.Metadata.Namespace, deployment.Name)?.IsRollingUpdate() == false)
        {
            watches.Add(new(old.Metadata.Namespace, deployment.Name));
        }
    }
}

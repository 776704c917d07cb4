using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Client;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.Replication;

/// <summary>Keeps as many pods as wanted: the one engine of ReplicationController and ReplicaSet.</summary>
internal sealed class ReplicaController<T> : IController
    where T : class, IApiObject, new()
{
    /// <summary>Pods made or deleted in one go; the rest follows when those were seen.</summary>
    private const int Burst = 500;

    private readonly IReplicaKind<T> _kind;
    private readonly ControllerContext _context;
    private readonly Expectations _expectations;
    private readonly PodWrites _writes;
    private Informer<T> _owners = null!;
    private Informer<Pod> _pods = null!;

    public ReplicaController(string name, IReplicaKind<T> kind, ControllerContext context)
    {
        Name = name;
        _kind = kind;
        _context = context;
        _expectations = new(context.Time);
        _writes = new(context.Client, context.Events(kind.Component), _expectations);
    }

    public string Name { get; }

    public void Watch(ControllerWatches watches)
    {
        _owners = watches.Own<T>();
        _pods = watches.Read<Pod>();
        OwnerIndex.AddTo(_pods);
        _pods.AddHandler(new PodChanges<T>(_kind.Selector, _owners, _expectations, watches) { MinReadySeconds = _kind.MinReadySeconds }.Handle);
    }

    public async Task<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_owners.Get(key) is not { } owner)
        {
            _expectations.Forget(key);
            return null;
        }

        // Asked before the pods are read: what is seen after the question can only make the picture newer.
        var mayAct = _expectations.AreMet(key) && owner.Metadata.DeletionTimestamp is null;
        var pods = await ClaimAsync(owner, cancellationToken);
        var failure = mayAct ? await ScaleAsync(owner, pods, cancellationToken) : null;
        var counts = ReplicaCounting.Count(_kind, owner, pods, failure, _context.Now);
        await WriteStatusAsync(owner, counts, cancellationToken);
        if (failure is { } failed)
        {
            throw failed.Error;
        }

        return Sooner.Of(Availability.Next(pods, _kind.MinReadySeconds(owner), _context.Now), _expectations.UntilLost(key));
    }

    private async Task<List<Pod>> ClaimAsync(T owner, CancellationToken cancellationToken)
    {
        var refs = new ControllerRefs<T, Pod>(_context.Client, owner, _kind.Selector(owner));
        return await refs.ClaimAsync(
            OwnerIndex.OwnedBy(_pods, owner).Where(pod => pod.IsActive()),
            OwnerIndex.OrphansIn(_pods, owner.Metadata.Namespace),
            pod => pod.IsActive(),
            cancellationToken);
    }

    private async Task<(string Reason, Exception Error)?> ScaleAsync(T owner, List<Pod> pods, CancellationToken cancellationToken)
    {
        var missing = _kind.Replicas(owner) - pods.Count;
        if (missing > 0)
        {
            var template = _kind.Template(owner);
            var error = await _writes.CreateAsync(
                owner, [.. Enumerable.Range(0, Math.Min(missing, Burst)).Select(_ => PodMaker.FromTemplate(template, owner))], cancellationToken);
            return error is null ? null : ("FailedCreate", error);
        }

        return missing < 0 && await _writes.DeleteAsync(owner, Victims(owner, pods, Math.Min(-missing, Burst)), cancellationToken) is { } failure
            ? ("FailedDelete", failure)
            : null;
    }

    private List<Pod> Victims(T owner, List<Pod> pods, int count)
    {
        var order = new DeletionOrder(Siblings(owner).SelectMany(set => OwnerIndex.OwnedBy(_pods, set)).Where(pod => pod.IsActive()), _context.Now);
        return [.. pods.Order(order).Take(count)];
    }

    /// <summary>The sets of the same deployment, or the one alone: pods of all of them share nodes, and a crowded node is left first.</summary>
    private IEnumerable<T> Siblings(T owner) =>
        OwnerReferences.ControllerOf(owner) is { } parent
            ? _owners.List().Where(other => OwnerReferences.ControllerOf(other)?.Uid == parent.Uid)
            : [owner];

    private async Task WriteStatusAsync(T owner, ReplicaCounts counts, CancellationToken cancellationToken)
    {
        if (_kind.Counts(owner) == counts)
        {
            return;
        }

        try
        {
            await _kind.UpdateStatusAsync(_context.Client, owner, counts, cancellationToken);
        }
        catch (StatusException e) when (e.IsConflict)
        {
            var fresh = await _context.Client.GetAsync<T>(owner.Metadata.Namespace, owner.Metadata.Name, cancellationToken);
            if (fresh.Metadata.Uid == owner.Metadata.Uid)
            {
                await _kind.UpdateStatusAsync(_context.Client, fresh, counts, cancellationToken);
            }
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            // Deleted meanwhile.
        }
    }
}

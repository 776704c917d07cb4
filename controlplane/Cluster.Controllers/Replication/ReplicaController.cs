using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Client;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.Replication;

/// <summary>Keeps as many pods as wanted: the one engine of ReplicationController and ReplicaSet.</summary>
internal sealed class ReplicaController<T>(string name, IReplicaKind<T> kind, ControllerContext context) : IController
    where T : class, IApiObject, new()
{
    /// <summary>Pods made or deleted in one go; the rest follows when those were seen.</summary>
    private const int Burst = 500;

    private readonly Expectations _expectations = new(context.Time);
    private readonly EventRecorder _events = context.Events(kind.Component);
    private Informer<T> _owners = null!;
    private Informer<Pod> _pods = null!;

    public string Name => name;

    public void Watch(ControllerWatches watches)
    {
        _owners = watches.Own<T>();
        _pods = watches.Read<Pod>();
        OwnerIndex.AddTo(_pods);
        _pods.AddHandler(new PodChanges<T>(kind, _owners, _expectations, watches).Handle);
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
        var counts = ReplicaCounting.Count(kind, owner, pods, failure, context.Now);
        await WriteStatusAsync(owner, counts, cancellationToken);
        if (failure is { } failed)
        {
            throw failed.Error;
        }

        // Ready pods that become available by time alone must be looked at again even if the event of it was missed.
        var minReady = kind.MinReadySeconds(owner);
        return minReady > 0 && counts.Ready == kind.Replicas(owner) && counts.Available != counts.Ready ? TimeSpan.FromSeconds(minReady) : null;
    }

    private async Task<List<Pod>> ClaimAsync(T owner, CancellationToken cancellationToken)
    {
        var refs = new ControllerRefs<T, Pod>(context.Client, owner, kind.Selector(owner));
        return await refs.ClaimAsync(
            OwnerIndex.OwnedBy(_pods, owner).Where(pod => pod.IsActive()),
            OwnerIndex.OrphansIn(_pods, owner.Metadata.Namespace),
            pod => pod.IsActive(),
            cancellationToken);
    }

    private async Task<(string Reason, Exception Error)?> ScaleAsync(T owner, List<Pod> pods, CancellationToken cancellationToken)
    {
        var missing = kind.Replicas(owner) - pods.Count;
        if (missing > 0)
        {
            return await CreateAsync(owner, Math.Min(missing, Burst), cancellationToken) is { } error ? ("FailedCreate", error) : null;
        }

        return missing < 0 && await DeleteAsync(owner, pods, Math.Min(-missing, Burst), cancellationToken) is { } failure
            ? ("FailedDelete", failure)
            : null;
    }

    private async Task<Exception?> CreateAsync(T owner, int count, CancellationToken cancellationToken)
    {
        var key = ObjectKey.Of(owner);
        _expectations.ExpectCreations(key, count);
        var result = await SlowStart.RunAsync(count, () => CreateOneAsync(owner, cancellationToken));

        // What failed and what was never tried will not be seen.
        _expectations.Created(key, count - result.Succeeded);
        return result.Failure is StatusException status && IsNamespaceEnding(status) ? null : result.Failure;
    }

    private async Task CreateOneAsync(T owner, CancellationToken cancellationToken)
    {
        try
        {
            var pod = await context.Client.CreateAsync(PodMaker.FromTemplate(kind.Template(owner), owner), cancellationToken);
            _events.Record(owner, "Normal", "SuccessfulCreate", $"Created pod: {pod.Metadata.Name}");
        }
        catch (Exception e) when (e is not OperationCanceledException)
        {
            if (e is not StatusException status || !IsNamespaceEnding(status))
            {
                _events.Record(owner, "Warning", "FailedCreate", $"Error creating: {e.Message}");
            }

            throw;
        }
    }

    private async Task<Exception?> DeleteAsync(T owner, List<Pod> pods, int count, CancellationToken cancellationToken)
    {
        var order = new DeletionOrder(Siblings(owner).SelectMany(set => OwnerIndex.OwnedBy(_pods, set)).Where(pod => pod.IsActive()), context.Now);
        var victims = pods.Order(order).Take(count).ToList();
        _expectations.ExpectDeletions(ObjectKey.Of(owner), victims.Select(pod => pod.Metadata.Uid));
        var failures = await Task.WhenAll(victims.Select(pod => DeleteOneAsync(owner, pod, cancellationToken)));
        return failures.FirstOrDefault(failure => failure is not null);
    }

    /// <summary>The sets of the same deployment, or the one alone: pods of all of them share nodes, and a crowded node is left first.</summary>
    private IEnumerable<T> Siblings(T owner) =>
        OwnerReferences.ControllerOf(owner) is { } parent
            ? _owners.List().Where(other => OwnerReferences.ControllerOf(other)?.Uid == parent.Uid)
            : [owner];

    private async Task<Exception?> DeleteOneAsync(T owner, Pod pod, CancellationToken cancellationToken)
    {
        try
        {
            var options = new DeleteOptions { Preconditions = new() { Uid = pod.Metadata.Uid } };
            await context.Client.DeleteAsync<Pod>(pod.Metadata.Namespace, pod.Metadata.Name, options, cancellationToken);
            _events.Record(owner, "Normal", "SuccessfulDelete", $"Deleted pod: {pod.Metadata.Name}");
            return null;
        }
        catch (Exception e)
        {
            // The deletion will not be seen; the next round knows better.
            _expectations.Deleted(ObjectKey.Of(owner), pod.Metadata.Uid);
            if (e is StatusException { IsNotFound: true })
            {
                return null;
            }

            _events.Record(owner, "Warning", "FailedDelete", $"Error deleting: {e.Message}");
            return e;
        }
    }

    private async Task WriteStatusAsync(T owner, ReplicaCounts counts, CancellationToken cancellationToken)
    {
        if (kind.Counts(owner) == counts)
        {
            return;
        }

        try
        {
            await kind.UpdateStatusAsync(context.Client, owner, counts, cancellationToken);
        }
        catch (StatusException e) when (e.IsConflict)
        {
            var fresh = await context.Client.GetAsync<T>(owner.Metadata.Namespace, owner.Metadata.Name, cancellationToken);
            if (fresh.Metadata.Uid == owner.Metadata.Uid)
            {
                await kind.UpdateStatusAsync(context.Client, fresh, counts, cancellationToken);
            }
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            // Deleted meanwhile.
        }
    }

    /// <summary>A namespace that is going takes no new pods: nothing to report and nothing to retry.</summary>
    private static bool IsNamespaceEnding(StatusException e) =>
        e.Status.Details?.Causes.Any(cause => cause.Reason == "NamespaceTerminating") == true;
}

using Cluster.Api;
using Cluster.Api.MetaV1;
using Cluster.Client;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.GarbageCollection;

/// <summary>Deletes objects whose owners are all gone, and makes foreground and orphaning deletion happen.</summary>
/// <remarks>
/// An owner is known by its uid. That one is missing from a cache proves nothing, caches are late: before anything is deleted the server is asked.
/// </remarks>
internal sealed class GarbageCollector : IController
{
    private const string Foreground = "foregroundDeletion";
    private const string Orphan = "orphan";

    // Events own nothing, are owned by nothing, and are many.
    private readonly KindSet _kinds;

    public GarbageCollector(ControllerContext context) => _kinds = new KindSet(context.Client, type => type.Kind != "Event");

    public string Name => "garbagecollector";

    public int Workers => 20;

    public void Watch(ControllerWatches watches) =>
        _kinds.Watch(watches, kind => kind.Watch(watches, (old, current) => Changed(watches, kind, old, current)));

    public async Task<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        var (resource, name) = GraphKey.Read(key);
        if (_kinds.Find(resource) is not { } kind || kind.Cached(name) is not { } obj)
        {
            return null;
        }

        if (obj.Metadata.DeletionTimestamp is not null)
        {
            return await FinishAsync(kind, name, obj, cancellationToken);
        }

        // Most changes are of objects whose owners are all there: those cost no request. Where a cache is behind, the owner's end comes as an event.
        if (!obj.Metadata.OwnerReferences.All(reference => IsSettled(obj, reference)))
        {
            await CollectAsync(kind, name, cancellationToken);
        }

        return null;
    }

    private void Changed(ControllerWatches watches, KindAccess kind, IApiObject? old, IApiObject? current)
    {
        if (current is null)
        {
            // Whoever it owned may be without an owner now, and whoever waits for it may go on.
            AddAll(watches, DependentsOf(old!.Metadata.Uid));
            AddOwners(watches, old);
            return;
        }

        if (current.Metadata.OwnerReferences.Count > 0 || current.Metadata.DeletionTimestamp is not null)
        {
            watches.Add(GraphKey.Of(kind.Type, current));
        }

        if (current.Metadata.DeletionTimestamp is not null && old?.Metadata.DeletionTimestamp is null)
        {
            AddAll(watches, DependentsOf(current.Metadata.Uid));
        }

        if (old is not null && !old.Metadata.OwnerReferences.Equals(current.Metadata.OwnerReferences))
        {
            AddOwners(watches, old);
        }
    }

    private IEnumerable<(KindAccess Kind, IApiObject Object)> DependentsOf(string uid) =>
        _kinds.All.SelectMany(kind => kind.DependentsOf(uid).Select(obj => (kind, obj)));

    private static void AddAll(ControllerWatches watches, IEnumerable<(KindAccess Kind, IApiObject Object)> objects)
    {
        foreach (var (kind, obj) in objects)
        {
            watches.Add(GraphKey.Of(kind.Type, obj));
        }
    }

    private void AddOwners(ControllerWatches watches, IApiObject obj)
    {
        foreach (var reference in obj.Metadata.OwnerReferences)
        {
            if (CachedOwner(obj, reference) is { Owner.Metadata.DeletionTimestamp: not null } found)
            {
                watches.Add(GraphKey.Of(found.Kind.Type, found.Owner));
            }
        }
    }

    /// <summary>An object being deleted that waits for us: dependents to orphan, or to delete before it.</summary>
    private async Task<TimeSpan?> FinishAsync(KindAccess kind, ObjectKey name, IApiObject obj, CancellationToken cancellationToken)
    {
        var finalizers = obj.Metadata.Finalizers;
        if (finalizers.Contains(Orphan))
        {
            // A dependent that is not known yet would be taken for none, and collected when it comes to be known.
            if (!_kinds.All.All(one => one.HasSynced))
            {
                return TimeSpan.FromSeconds(1);
            }

            foreach (var (dependentKind, dependent) in DependentsOf(obj.Metadata.Uid).ToList())
            {
                await PatchAsync(dependentKind, dependent, OwnerPatches.WithoutOwners(dependent, [obj.Metadata.Uid]), cancellationToken);
            }

            await PatchAsync(kind, obj, OwnerPatches.WithoutFinalizer(obj, Orphan), cancellationToken);
            return null;
        }

        if (!finalizers.Contains(Foreground))
        {
            return null;
        }

        var blocking = DependentsOf(obj.Metadata.Uid)
            .Where(one => one.Object.Metadata.OwnerReferences.Any(owner => owner.Uid == obj.Metadata.Uid && owner.BlockOwnerDeletion)).ToList();
        if (blocking.Count == 0)
        {
            await PatchAsync(kind, obj, OwnerPatches.WithoutFinalizer(obj, Foreground), cancellationToken);
            return null;
        }

        foreach (var (dependentKind, dependent) in blocking.Where(one => one.Object.Metadata.DeletionTimestamp is null))
        {
            await CollectAsync(dependentKind, ObjectKey.Of(dependent), cancellationToken);
        }

        // Their end is an event; this is for the one that is missed.
        return TimeSpan.FromSeconds(30);
    }

    /// <summary>Deletes the object if every owner is gone or goes; drops the references to those that are, if one stays.</summary>
    private async Task CollectAsync(KindAccess kind, ObjectKey name, CancellationToken cancellationToken)
    {
        // The server's word: references may have changed since the cache was filled.
        if (await kind.FindAsync(name, cancellationToken) is not { Metadata.DeletionTimestamp: null } obj)
        {
            return;
        }

        var owners = new List<(OwnerReference Reference, OwnerState State)>();
        foreach (var reference in obj.Metadata.OwnerReferences)
        {
            owners.Add((reference, await StateOfAsync(obj, reference, cancellationToken)));
        }

        if (owners.Count == 0 || owners.All(owner => owner.State == OwnerState.Present))
        {
            return;
        }

        if (owners.Any(owner => owner.State == OwnerState.Present))
        {
            var gone = owners.Where(owner => owner.State != OwnerState.Present).Select(owner => owner.Reference.Uid);
            await PatchAsync(kind, obj, OwnerPatches.WithoutOwners(obj, gone), cancellationToken);
            return;
        }

        await DeleteAsync(kind, obj, owners.Any(owner => owner.State == OwnerState.Waiting), cancellationToken);
    }

    private async Task DeleteAsync(KindAccess kind, IApiObject obj, bool ownerWaits, CancellationToken cancellationToken)
    {
        var dependents = DependentsOf(obj.Metadata.Uid).ToList();
        if (ownerWaits && dependents.Count > 0)
        {
            if (dependents.Any(one => one.Object.Metadata.Finalizers.Contains(Foreground)))
            {
                // A circle of owners that wait for each other would never end: one must let go.
                await PatchAsync(kind, obj, OwnerPatches.Unblocking(obj), cancellationToken);
            }

            await kind.DeleteAsync(obj, "Foreground", cancellationToken);
            return;
        }

        var policy = obj.Metadata.Finalizers.Contains(Orphan) ? "Orphan" : obj.Metadata.Finalizers.Contains(Foreground) ? "Foreground" : "Background";
        await kind.DeleteAsync(obj, policy, cancellationToken);
    }

    /// <summary>The owner is in the cache and does not wait for this object; or it is of a kind we cannot know.</summary>
    private bool IsSettled(IApiObject obj, OwnerReference reference) =>
        KindOf(reference) is null || (CachedOwner(obj, reference) is { Owner: var owner } && !Waits(owner));

    private static bool Waits(IApiObject owner) => owner.Metadata.DeletionTimestamp is not null && owner.Metadata.Finalizers.Contains(Foreground);

    private async Task<OwnerState> StateOfAsync(IApiObject obj, OwnerReference reference, CancellationToken cancellationToken)
    {
        var owner = CachedOwner(obj, reference)?.Owner;
        if (owner is null)
        {
            if (KindOf(reference) is not { } kind)
            {
                // A kind we do not serve: we cannot know, so it is there.
                return OwnerState.Present;
            }

            owner = await kind.FindAsync(OwnerKey(kind, obj, reference), cancellationToken);
            if (owner?.Metadata.Uid != reference.Uid)
            {
                return OwnerState.Absent;
            }
        }

        return Waits(owner) ? OwnerState.Waiting : OwnerState.Present;
    }

    private (KindAccess Kind, IApiObject Owner)? CachedOwner(IApiObject obj, OwnerReference reference) =>
        KindOf(reference) is { } kind && kind.Cached(OwnerKey(kind, obj, reference)) is { } owner && owner.Metadata.Uid == reference.Uid ? (kind, owner) : null;

    private KindAccess? KindOf(OwnerReference reference)
    {
        if (ResourceCatalog.FindKind(reference.ApiVersion, reference.Kind) is { } type)
        {
            return _kinds.Find(type.GroupResource);
        }

        // An added kind, whichever of its versions the owner was named by.
        var group = reference.ApiVersion.Split('/')[0];
        return _kinds.All.FirstOrDefault(kind => kind.Type.Custom is not null && kind.Type.Group == group && kind.Type.Kind == reference.Kind);
    }

    /// <summary>An owner is in the namespace of what it owns, or in none.</summary>
    private static ObjectKey OwnerKey(KindAccess kind, IApiObject obj, OwnerReference reference) =>
        new(kind.Type.Namespaced ? obj.Metadata.Namespace : "", reference.Name);

    private static async Task PatchAsync(KindAccess kind, IApiObject obj, PatchBody patch, CancellationToken cancellationToken)
    {
        try
        {
            await kind.PatchAsync(ObjectKey.Of(obj), patch, cancellationToken);
        }
        catch (StatusException e) when (e.IsNotFound)
        {
            // Gone meanwhile.
        }
    }

    private enum OwnerState
    {
        Present,

        /// <summary>Being deleted in the foreground: it waits for this object.</summary>
        Waiting,
        Absent,
    }
}

using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.Selectors;
using Cluster.Client;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.Replication;

/// <summary>Tells the owners of pods that something happened to one, and the expectations what was seen.</summary>
internal sealed class PodChanges<T>(Func<T, LabelSelector> selector, Informer<T> owners, Expectations expectations, ControllerWatches watches)
    where T : class, IApiObject, new()
{
    /// <summary>How long a pod of the owner must be ready to be available; null: no time makes a difference.</summary>
    public Func<T, int>? MinReadySeconds { get; init; }

    public void Handle(Pod? old, Pod? current)
    {
        if (current is null)
        {
            Gone(old!);
        }
        else if (old is null)
        {
            Added(current);
        }
        else if (current.Metadata.DeletionTimestamp is not null)
        {
            // Marked is as good as gone: the replacement need not wait for the grace period.
            Gone(current);
        }
        else
        {
            Changed(old, current);
        }
    }

    private void Added(Pod pod)
    {
        if (pod.Metadata.DeletionTimestamp is not null)
        {
            // A watch that began anew can show a pod for the first time while it is being deleted: its creation is seen with that.
            if (OwnerOf(pod) is { } owner)
            {
                expectations.Created(ObjectKey.Of(owner));
            }

            Gone(pod);
        }
        else if (OwnerReferences.ControllerOf(pod) is not null)
        {
            if (OwnerOf(pod) is { } owner)
            {
                expectations.Created(ObjectKey.Of(owner));
                watches.Add(ObjectKey.Of(owner));
            }
        }
        else
        {
            AddMatching(pod);
        }
    }

    private void Changed(Pod old, Pod current)
    {
        var wasOwned = OwnerReferences.ControllerOf(old);
        var isOwned = OwnerReferences.ControllerOf(current);
        if (wasOwned is not null && wasOwned.Uid != isOwned?.Uid && OwnerOf(old) is { } before)
        {
            watches.Add(ObjectKey.Of(before));
        }

        if (isOwned is not null)
        {
            if (OwnerOf(current) is { } owner)
            {
                watches.Add(ObjectKey.Of(owner));
                WaitForAvailability(owner, old, current);
            }
        }
        else if (wasOwned is not null || !old.Metadata.Labels.Equals(current.Metadata.Labels))
        {
            AddMatching(current);
        }
    }

    private void Gone(Pod pod)
    {
        if (OwnerOf(pod) is { } owner)
        {
            expectations.Deleted(ObjectKey.Of(owner), pod.Metadata.Uid);
            watches.Add(ObjectKey.Of(owner));
        }
    }

    /// <summary>A pod that became ready becomes available by time alone. A second more: the condition's time has no fractions.</summary>
    private void WaitForAvailability(T owner, Pod old, Pod current)
    {
        if (!old.IsReady() && current.IsReady() && MinReadySeconds?.Invoke(owner) is > 0 and var seconds)
        {
            watches.AddAfter(ObjectKey.Of(owner), TimeSpan.FromSeconds(seconds + 1));
        }
    }

    private void AddMatching(Pod orphan)
    {
        foreach (var owner in owners.List())
        {
            if (owner.Metadata.Namespace == orphan.Metadata.Namespace && selector(owner).Matches(orphan))
            {
                watches.Add(ObjectKey.Of(owner));
            }
        }
    }

    private T? OwnerOf(Pod pod)
    {
        var type = ResourceCatalog.For<T>();
        return OwnerReferences.ControllerOf(pod) is { } reference
            && reference.Kind == type.Kind
            && owners.Get(pod.Metadata.Namespace, reference.Name) is { } owner
            && owner.Metadata.Uid == reference.Uid ? owner : null;
    }
}

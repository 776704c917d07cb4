using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Client;

namespace Cluster.Testing;

/// <summary>The rules of writing that controllers depend on.</summary>
internal static class FakeRules
{
    private const string SuffixCharacters = "bcdfghjklmnpqrstvwxz2456789";

    public static void Fill(IApiObject obj, DateTimeOffset now)
    {
        var meta = obj.Metadata ??= new();
        if (meta.Name.Length == 0 && meta.GenerateName.Length > 0)
        {
            meta.Name = meta.GenerateName + new string(Random.Shared.GetItems<char>(SuffixCharacters, 5));
        }

        meta.Uid = meta.Uid.Length == 0 ? Guid.NewGuid().ToString() : meta.Uid;
        meta.CreationTimestamp ??= new() { Seconds = now.ToUnixTimeSeconds() };
        meta.Generation = meta.Generation == 0 && HasGeneration(obj) ? 1 : meta.Generation;
    }

    public static void PrepareCreate(ResourceType type, IApiObject obj, DateTimeOffset now)
    {
        obj.Metadata ??= new();
        obj.Metadata.Uid = "";
        obj.Metadata.CreationTimestamp = null;
        obj.Metadata.DeletionTimestamp = null;
        Fill(obj, now);
        if (FakeObjects.HasStatus(type))
        {
            FakeObjects.ClearField(obj, "status");
        }

        switch (obj)
        {
            case Pod pod:
                pod.Status = new() { Phase = "Pending" };
                break;
            case Namespace ns:
                (ns.Spec ??= new()).Finalizers.Add("kubernetes");
                ns.Status = new() { Phase = "Active" };
                break;
        }
    }

    public static void PrepareUpdate(ResourceType type, IApiObject old, IApiObject obj, string? subresource)
    {
        var meta = obj.Metadata;
        var before = old.Metadata;
        if (meta.Uid.Length > 0 && meta.Uid != before.Uid)
        {
            throw StatusErrors.Conflict(type, meta.Name, $"Precondition failed: UID in precondition: {meta.Uid}, UID in object meta: {before.Uid}");
        }

        if (meta.ResourceVersion.Length > 0 && meta.ResourceVersion != before.ResourceVersion)
        {
            throw StatusErrors.Conflict(type, meta.Name);
        }

        meta.Uid = before.Uid;
        meta.ResourceVersion = before.ResourceVersion;
        meta.CreationTimestamp = before.CreationTimestamp;
        meta.DeletionTimestamp = before.DeletionTimestamp;
        meta.Generation = before.Generation;
        KeepOtherParts(type, old, obj, subresource);
        if (HasGeneration(obj) && !FakeObjects.SameField(old, obj, "spec"))
        {
            meta.Generation++;
        }
    }

    public static void CheckPreconditions(ResourceType type, IApiObject obj, Api.MetaV1.Preconditions? wanted)
    {
        var meta = obj.Metadata;
        if (wanted is { HasUid: true } && wanted.Uid != meta.Uid)
        {
            throw StatusErrors.Conflict(type, meta.Name, $"Precondition failed: UID in precondition: {wanted.Uid}, UID in object meta: {meta.Uid}");
        }

        if (wanted is { HasResourceVersion: true } && wanted.ResourceVersion != meta.ResourceVersion)
        {
            throw StatusErrors.Conflict(type, meta.Name, "Precondition failed: resourceVersion");
        }
    }

    /// <summary>Marks the object as being deleted; false if nothing holds it and it goes at once.</summary>
    public static bool MarkDeleted(ResourceType type, IApiObject obj, DeleteOptions options, DateTimeOffset now)
    {
        var finalizer = options.PropagationPolicy switch { "Foreground" => "foregroundDeletion", "Orphan" => "orphan", _ => null };
        if (finalizer is not null && !obj.Metadata.Finalizers.Contains(finalizer))
        {
            obj.Metadata.Finalizers.Add(finalizer);
        }

        var grace = Grace(obj, options);
        if (grace == 0 && obj.Metadata.Finalizers.Count == 0 && obj is not Namespace { Spec.Finalizers.Count: > 0 })
        {
            return false;
        }

        obj.Metadata.DeletionTimestamp ??= new() { Seconds = now.ToUnixTimeSeconds() + grace };
        obj.Metadata.DeletionGracePeriodSeconds = grace;
        if (obj is Namespace ns)
        {
            (ns.Status ??= new()).Phase = "Terminating";
        }

        return true;
    }

    /// <summary>Being deleted and held by nothing any more.</summary>
    public static bool IsFinished(IApiObject obj) =>
        obj.Metadata is { DeletionTimestamp: not null, Finalizers.Count: 0 }
        && obj.Metadata.DeletionGracePeriodSeconds == 0
        && obj is not Namespace { Spec.Finalizers.Count: > 0 };

    public static void Bind(ResourceType type, Pod pod, string node, string? uid, DateTimeOffset now)
    {
        if (!string.IsNullOrEmpty(uid))
        {
            CheckPreconditions(type, pod, new() { Uid = uid });
        }

        if (pod.Metadata.DeletionTimestamp is not null)
        {
            throw StatusErrors.Conflict(type, pod.Metadata.Name, $"pod {pod.Metadata.Name} is being deleted, cannot be assigned to a host");
        }

        if (pod.Spec?.NodeName is { Length: > 0 } bound)
        {
            throw StatusErrors.Conflict(type, pod.Metadata.Name, $"pod {pod.Metadata.Name} is already assigned to node \"{bound}\"");
        }

        (pod.Spec ??= new()).NodeName = node;
        (pod.Status ??= new()).Conditions.Add(
            new PodCondition { Type = "PodScheduled", Status = "True", LastTransitionTime = new() { Seconds = now.ToUnixTimeSeconds() } });
    }

    /// <summary>What a watcher with a selector sees of a change; null: nothing.</summary>
    public static (ResourceEventType Kind, IApiObject Object)? Event(FakeChange change, FakeSelector selector)
    {
        var before = selector.Matches(change.Old);
        var after = selector.Matches(change.New);
        if (!after)
        {
            return before ? (ResourceEventType.Deleted, LastState(change)) : null;
        }

        return (before ? ResourceEventType.Modified : ResourceEventType.Added, FakeObjects.Copy(change.New!));
    }

    private static IApiObject LastState(FakeChange change)
    {
        var last = FakeObjects.Copy(change.Old!);
        last.Metadata.ResourceVersion = $"{change.Revision}";
        return last;
    }

    private static long Grace(IApiObject obj, DeleteOptions options) =>
        obj is not Pod pod || string.IsNullOrEmpty(pod.Spec?.NodeName) || pod.Status?.Phase is "Succeeded" or "Failed" ? 0
        : options.HasGracePeriodSeconds ? options.GracePeriodSeconds
        : pod.Spec.HasTerminationGracePeriodSeconds ? pod.Spec.TerminationGracePeriodSeconds : 30;

    private static void KeepOtherParts(ResourceType type, IApiObject old, IApiObject obj, string? subresource)
    {
        switch (subresource)
        {
            case "status":
                FakeObjects.TakeField(obj, old, "spec");
                break;
            case "finalize":
                FakeObjects.TakeField(obj, old, "status");
                break;
            default:
                if (FakeObjects.HasStatus(type))
                {
                    FakeObjects.TakeField(obj, old, "status");
                }

                if (old is Namespace before)
                {
                    // Only the finalize subresource changes them.
                    ((Namespace)obj).Spec = before.Spec?.Clone();
                }

                break;
        }
    }

    private static bool HasGeneration(IApiObject obj) =>
        obj is Api.AppsV1.ReplicaSet or Api.AppsV1.Deployment or ReplicationController or Api.DiscoveryV1.EndpointSlice;
}

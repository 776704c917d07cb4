using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.Api.Custom;
using Cluster.Api.Json;
using Cluster.Api.MetaV1;
using Cluster.Client;

namespace Cluster.Controllers.GarbageCollection;

/// <summary>Patches of an object's ties; each holds for this very object only.</summary>
internal static class OwnerPatches
{
    /// <summary>Takes owners away.</summary>
    public static PatchBody WithoutOwners(IApiObject obj, IEnumerable<string> ownerUids)
    {
        if (obj is CustomObject)
        {
            return References(obj, obj.Metadata.OwnerReferences.Where(owner => !ownerUids.Contains(owner.Uid)));
        }

        var references = new JsonArray([.. ownerUids.Select(uid => new JsonObject { ["$patch"] = "delete", ["uid"] = uid })]);
        return Metadata(obj, new() { ["ownerReferences"] = references });
    }

    /// <summary>Takes a finalizer away. The version makes it fail if the list changed meanwhile.</summary>
    public static PatchBody WithoutFinalizer(IApiObject obj, string finalizer) => Finalizers(obj, obj.Metadata.Finalizers.Where(one => one != finalizer));

    /// <summary>Adds a finalizer, as <see cref="WithoutFinalizer"/> takes it away.</summary>
    public static PatchBody WithFinalizer(IApiObject obj, string finalizer) => Finalizers(obj, obj.Metadata.Finalizers.Append(finalizer));

    private static PatchBody Finalizers(IApiObject obj, IEnumerable<string> finalizers)
    {
        var left = new JsonArray([.. finalizers.Select(one => JsonValue.Create(one))]);
        var metadata = new JsonObject { ["uid"] = obj.Metadata.Uid, ["resourceVersion"] = obj.Metadata.ResourceVersion, ["finalizers"] = left };
        return PatchBody.Merge(new JsonObject { ["metadata"] = metadata }.ToJsonString());
    }

    /// <summary>Lets the owners go before this object does.</summary>
    public static PatchBody Unblocking(IApiObject obj)
    {
        if (obj is CustomObject)
        {
            return References(obj, obj.Metadata.OwnerReferences.Select(Free));
        }

        var references = obj.Metadata.OwnerReferences.Where(owner => owner.BlockOwnerDeletion)
            .Select(owner => new JsonObject { ["uid"] = owner.Uid, ["blockOwnerDeletion"] = false });
        return Metadata(obj, new() { ["ownerReferences"] = new JsonArray([.. references]) });
    }

    // Added kinds know no patch of list elements: the whole list goes, and the version makes it fail if that changed meanwhile.
    private static PatchBody References(IApiObject obj, IEnumerable<OwnerReference> owners)
    {
        var metadata = new JsonObject
        {
            ["uid"] = obj.Metadata.Uid,
            ["resourceVersion"] = obj.Metadata.ResourceVersion,
            ["ownerReferences"] = new JsonArray([.. owners.Select(owner => JsonCodec.ToNode(owner))]),
        };
        return PatchBody.Merge(new JsonObject { ["metadata"] = metadata }.ToJsonString());
    }

    private static OwnerReference Free(OwnerReference owner)
    {
        var free = owner.Clone();
        free.BlockOwnerDeletion = false;
        return free;
    }

    private static PatchBody Metadata(IApiObject obj, JsonObject metadata)
    {
        metadata["uid"] = obj.Metadata.Uid;
        return PatchBody.Strategic(new JsonObject { ["metadata"] = metadata }.ToJsonString());
    }
}

using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.Api.Selectors;
using Cluster.Client;

namespace Cluster.Controllers.Framework;

/// <summary>Takes objects that match an owner's selector into its care and lets go of those that no longer do.</summary>
internal sealed class ControllerRefs<TOwner, T>(IApiClient client, TOwner owner, LabelSelector selector)
    where TOwner : class, IApiObject, new()
    where T : class, IApiObject, new()
{
    private bool? _mayAdopt;

    /// <summary>The objects that are the owner's, after adopting and releasing.</summary>
    /// <param name="owned">Objects the owner controls.</param>
    /// <param name="orphans">Objects of its namespace that nobody controls.</param>
    /// <param name="adoptable">Whether an orphan that matches is wanted.</param>
    /// <param name="cancellationToken">Ends the calls.</param>
    public async Task<List<T>> ClaimAsync(
        IEnumerable<T> owned, IEnumerable<T> orphans, Func<T, bool> adoptable, CancellationToken cancellationToken)
    {
        var claimed = new List<T>();
        foreach (var obj in owned)
        {
            if (selector.Matches(obj))
            {
                claimed.Add(obj);
            }
            else if (owner.Metadata.DeletionTimestamp is null)
            {
                await ReleaseAsync(obj, cancellationToken);
            }
        }

        foreach (var obj in orphans)
        {
            if (obj.Metadata.DeletionTimestamp is null && selector.Matches(obj) && adoptable(obj)
                && await MayAdoptAsync(cancellationToken) && await TryAdoptAsync(obj, cancellationToken))
            {
                claimed.Add(obj);
            }
        }

        return claimed;
    }

    /// <summary>Our cache may be behind: an owner deleted or replaced since must not adopt anything.</summary>
    private async Task<bool> MayAdoptAsync(CancellationToken cancellationToken)
    {
        if (owner.Metadata.DeletionTimestamp is not null)
        {
            return false;
        }

        if (_mayAdopt is null)
        {
            var fresh = await client.GetAsync<TOwner>(owner.Metadata.Namespace, owner.Metadata.Name, cancellationToken);
            _mayAdopt = fresh.Metadata.Uid == owner.Metadata.Uid && fresh.Metadata.DeletionTimestamp is null;
        }

        return _mayAdopt.Value;
    }

    private async Task<bool> TryAdoptAsync(T obj, CancellationToken cancellationToken)
    {
        var reference = OwnerReferences.ToController(owner);
        var patch = OwnersPatch(obj, new JsonObject
        {
            ["apiVersion"] = reference.ApiVersion,
            ["kind"] = reference.Kind,
            ["name"] = reference.Name,
            ["uid"] = reference.Uid,
            ["controller"] = true,
            ["blockOwnerDeletion"] = true,
        });
        return await TryPatchAsync(obj, patch, cancellationToken);
    }

    private Task ReleaseAsync(T obj, CancellationToken cancellationToken) =>
        TryPatchAsync(obj, OwnersPatch(obj, new JsonObject { ["$patch"] = "delete", ["uid"] = owner.Metadata.Uid }), cancellationToken);

    /// <summary>The uid in the patch makes it fail on an object of the same name made since.</summary>
    private static PatchBody OwnersPatch(T obj, JsonObject reference) => PatchBody.Strategic(new JsonObject
    {
        ["metadata"] = new JsonObject { ["uid"] = obj.Metadata.Uid, ["ownerReferences"] = new JsonArray(reference) },
    }.ToJsonString());

    private async Task<bool> TryPatchAsync(T obj, PatchBody patch, CancellationToken cancellationToken)
    {
        try
        {
            await client.PatchAsync<T>(obj.Metadata.Namespace, obj.Metadata.Name, patch, null, cancellationToken);
            return true;
        }
        catch (StatusException e) when (e.IsNotFound || e.IsConflict || e.Code == 422)
        {
            // Gone, replaced, or taken by another owner meanwhile: not ours then.
            return false;
        }
    }
}

using Cluster.Api;
using Cluster.Api.Validation;
using Cluster.ApiServer.Admission;
using Cluster.ApiServer.Strategies;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Registry;

/// <summary>Update and patch: the newest state, the wanted change of it, the kind's rules, and one conditional transaction.</summary>
/// <remarks>
/// It begins with the state the cache has, which is nearly always the newest. What fails on that is done again on the store's own state
/// before the client hears of it, and a lost race is run again on what the winner left, unless the client named the version it changes.
/// </remarks>
internal sealed class UpdatePath(RegistryContext context)
{
    /// <summary>Makes the object wanted out of the object as it is; it may throw, and may be asked again.</summary>
    public delegate IApiObject Change(IApiObject current);

    /// <summary>Applies the change. Null: there is no such object.</summary>
    /// <param name="scope">What changes, and who wants it.</param>
    /// <param name="change">The change.</param>
    /// <param name="ownersAreSet">What the change makes has its managedFields already.</param>
    /// <param name="cancellationToken">Ends the write; its outcome is then unknown.</param>
    public async ValueTask<ObjectVersion?> UpdateAsync(
        RequestScope scope, Change change, bool ownersAreSet, CancellationToken cancellationToken)
    {
        var key = scope.Resource.Key(scope.Namespace, scope.Name!);
        var current = context.Caches[scope.Resource].State.Objects.Find(key);
        var isFresh = false;
        var warnings = scope.Warnings.Count;
        for (var tries = 0; tries < ObjectWriter.MaxTries; tries++)
        {
            scope.Warnings.RemoveRange(warnings, scope.Warnings.Count - warnings);
            try
            {
                if (current is not null && await TryAsync(scope, change, ownersAreSet, current, isFresh, cancellationToken) is { } outcome)
                {
                    if (outcome.Version is not null)
                        return outcome.Version;

                    current = outcome.Current is null ? null : StoredForm.Decode(scope.Resource, outcome.Current);
                    isFresh = true;
                    continue;
                }
            }
            catch (StatusException failure) when (!isFresh && failure.Code < 500)
            {
                // A webhook that cannot be asked would only be waited for twice. Otherwise it may be the cache that is behind, and not the client that is wrong.
            }

            if (isFresh)
                return null;

            current = await context.Caches.ReadThroughAsync(scope.Resource, key, cancellationToken);
            isFresh = true;
        }

        throw StatusErrors.ServerTimeout(scope.Resource, "update", 1);
    }

    // Null: nothing to write, but the state is the cache's, so that must be sure first.
    private async ValueTask<WriteOutcome?> TryAsync(
        RequestScope scope, Change change, bool ownersAreSet, ObjectVersion current, bool isFresh, CancellationToken cancellationToken)
    {
        var strategy = context.Strategies[scope.Resource].For(scope.Version ?? scope.Resource);
        var seen = await SeenAsync(scope, current, isApplied: ownersAreSet && scope.Subresource != "scale", cancellationToken);
        var obj = await PrepareAsync(scope, strategy, change(seen), ownersAreSet, seen, cancellationToken);
        OwnerTimes.KeepIfNothingElseChanged(obj, seen);
        var writer = new ObjectWriter(context.Store, scope.Resource, strategy);
        // One that was stored in another version than it would be now is written though nothing changes: so the old version can go one day.
        var isSame = obj.Equals(seen) && current.IsStoredAsNow;
        if (isSame && !scope.DryRun && !IsGone(strategy, obj))
            return isFresh ? WriteOutcome.Written(current) : null;

        obj = await context.Conversions.ConvertAsync(obj, scope.Version ?? scope.Resource, scope.Resource, cancellationToken);
        if (scope.DryRun)
            return WriteOutcome.Written(new ObjectVersion(scope.Resource, current.Key, writer.Preview(obj, current), current.Revision));

        return IsGone(strategy, obj)
            ? await writer.DeleteAsync(current, obj, cancellationToken)
            : await writer.PutAsync(current.Key, obj, current, cancellationToken);
    }

    private ValueTask<IApiObject> SeenAsync(RequestScope scope, ObjectVersion current, bool isApplied, CancellationToken cancellationToken) =>
        scope.Resource.Custom?.Webhook is null ? new(Seen(scope, current, isApplied)) : ConvertedAsync(current, scope.Version ?? scope.Resource, cancellationToken);

    private async ValueTask<IApiObject> ConvertedAsync(ObjectVersion current, ResourceType version, CancellationToken cancellationToken) =>
        (await context.Conversions.ConvertAsync(current, version, cancellationToken)).Object;

    // Whoever changes it through the version it was stored in, when that was another one than now, has seen the fields of that.
    // An applied configuration is merged by the schema of the version that is stored now, which has no words for them.
    private static IApiObject Seen(RequestScope scope, ObjectVersion current, bool isApplied) =>
        scope.Version is not null && !isApplied && current.AsWritten is { } written ? written : current.Object;

    private async ValueTask<IApiObject> PrepareAsync(
        RequestScope scope, ResourceStrategy strategy, IApiObject obj, bool ownersAreSet, IApiObject old, CancellationToken cancellationToken)
    {
        SystemMetadata.KeepOld(obj, old, scope);
        CheckVersion(scope, strategy, obj, old);
        obj.Metadata.ResourceVersion = old.Metadata.ResourceVersion;

        var request = new AdmissionRequest { Scope = scope, Operation = AdmissionOperation.Update, Object = obj, OldObject = old };
        strategy.Default(scope, obj);
        // Defaults are the writer's own; what admission and the kind's rules add is nobody's.
        if (!ownersAreSet)
            context.Fields.Update(scope, old, obj);
        await context.Admission.AdmitAsync(request, cancellationToken);
        Prepare(scope, strategy, obj, old);
        if (strategy.HasGeneration && scope.Subresource != "status" && strategy.IsSpecChanged(obj, old))
            obj.Metadata.Generation++;

        var errors = strategy.ValidateUpdate(scope, obj, old);
        if (errors.Count > 0)
            throw StatusErrors.Invalid(scope.Resource, scope.Name!, errors);

        await context.Admission.ValidateAsync(request, cancellationToken);
        strategy.PrepareForStore(scope, obj);
        return obj;
    }

    private static void Prepare(RequestScope scope, ResourceStrategy strategy, IApiObject obj, IApiObject old)
    {
        if (scope.Subresource == "status")
            strategy.PrepareForStatusUpdate(obj, old);
        else if (scope.Subresource is { } part and not "scale")
            strategy.PrepareForPart(part, obj, old);
        else
            strategy.PrepareForUpdate(obj, old);
    }

    private static void CheckVersion(RequestScope scope, ResourceStrategy strategy, IApiObject obj, IApiObject old)
    {
        var version = obj.Metadata.ResourceVersion;
        if (version is "" or "0")
        {
            if (!strategy.AllowsUnconditionalUpdate)
            {
                throw StatusErrors.Invalid(scope.Resource, scope.Name!,
                    [FieldError.Invalid("metadata.resourceVersion", 0, "must be specified for an update")]);
            }
        }
        else if (version != old.Metadata.ResourceVersion)
        {
            throw StatusErrors.Conflict(scope.Resource, scope.Name!);
        }
    }

    // Marked for deletion, its grace over, and nothing holds it any more.
    private static bool IsGone(ResourceStrategy strategy, IApiObject obj) =>
        obj.Metadata is { DeletionTimestamp: not null, DeletionGracePeriodSeconds: 0, Finalizers.Count: 0 } && strategy.IsReleased(obj);
}

using Cluster.Api;
using Cluster.Api.MetaV1;
using Cluster.Api.Validation;
using Cluster.ApiServer.Admission;
using Cluster.ApiServer.Strategies;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Registry;

/// <summary>Delete: at once, after a grace period that the node ends, or when the last finalizer is gone.</summary>
internal sealed class DeletePath(RegistryContext context)
{
    private const string ForegroundFinalizer = "foregroundDeletion";
    private const string OrphanFinalizer = "orphan";

    public async ValueTask<DeleteResult> DeleteAsync(RequestScope scope, DeleteOptions options, CancellationToken cancellationToken)
    {
        CheckOptions(options);
        var key = scope.Resource.Key(scope.Namespace, scope.Name!);
        var current = context.Caches[scope.Resource].State.Objects.Find(key);
        var isFresh = false;
        for (var tries = 0; tries < ObjectWriter.MaxTries; tries++)
        {
            if (current is null && !isFresh)
            {
                current = await context.Caches.ReadThroughAsync(scope.Resource, key, cancellationToken);
                isFresh = true;
            }

            if (current is null)
                throw StatusErrors.NotFound(scope.Resource, scope.Name!);

            try
            {
                var (outcome, deleted) = await TryAsync(scope, options, current, isFresh, cancellationToken);
                if (outcome.Version is { } version)
                    return Answer(scope, version, deleted);

                current = outcome.Current is null ? null : StoredForm.Decode(scope.Resource, outcome.Current);
                isFresh = true;
            }
            catch (StatusException failure) when (!isFresh && failure.Code < 500)
            {
                // A webhook that cannot be asked would only be waited for twice. Otherwise it may be the cache that is behind, and not the client that is wrong.
                current = null;
            }
        }

        throw StatusErrors.ServerTimeout(scope.Resource, "delete", 1);
    }

    private async ValueTask<(WriteOutcome Outcome, bool Deleted)> TryAsync(
        RequestScope scope, DeleteOptions options, ObjectVersion current, bool isFresh, CancellationToken cancellationToken)
    {
        var strategy = context.Strategies[scope.Resource];
        CheckPreconditions(scope, options, current.Object);
        var seen = scope.Resource.Custom?.Webhook is null ? current : await context.Conversions.ConvertAsync(current, scope.Version ?? scope.Resource, cancellationToken);
        var request = new AdmissionRequest
        {
            Scope = scope, Operation = AdmissionOperation.Delete, OldObject = seen.Object, DeleteOptions = options,
        };
        await context.Admission.AdmitAsync(request, cancellationToken);
        await context.Admission.ValidateAsync(request, cancellationToken);

        current = await context.Conversions.ConvertAsync(current, scope.Resource, cancellationToken);
        var marked = Mark(strategy, current.Object, options);
        var writer = new ObjectWriter(context.Store, scope.Resource, strategy);
        var deleted = marked.Metadata is { DeletionGracePeriodSeconds: 0, Finalizers.Count: 0 } && strategy.IsReleased(marked);
        if (scope.DryRun)
            return (WriteOutcome.Written(new ObjectVersion(scope.Resource, current.Key, marked, current.Revision)), deleted);

        if (deleted)
            return (await writer.DeleteAsync(current, current.Object, cancellationToken), true);

        if (!marked.Equals(current.Object))
            return (await writer.PutAsync(current.Key, marked, current, cancellationToken), false);

        // Nothing to change. On the cache's state that is as if a race were lost: it is decided again on the store's.
        return isFresh
            ? (WriteOutcome.Written(current), false)
            : (WriteOutcome.Lost(await context.Store.GetAsync(current.Key, cancellationToken)), false);
    }

    // The object as this delete leaves it: deletionTimestamp, grace and finalizers.
    private IApiObject Mark(ResourceStrategy strategy, IApiObject current, DeleteOptions options)
    {
        var obj = current.Copy();
        var meta = obj.Metadata;
        SetFinalizers(strategy, meta, options);
        var grace = strategy.GracePeriod(obj, options) ?? 0;
        if (meta.DeletionTimestamp is null)
        {
            var now = SystemMetadata.Now(context.Time);
            meta.DeletionTimestamp = new Time { Seconds = now.Seconds + grace };
            meta.DeletionGracePeriodSeconds = grace;
            if (meta.Generation > 0)
                meta.Generation++;
            strategy.PrepareForDeletion(obj);
        }
        else if (grace < meta.DeletionGracePeriodSeconds)
        {
            // A later delete may only shorten the wait.
            meta.DeletionTimestamp = new Time { Seconds = meta.DeletionTimestamp.Seconds - meta.DeletionGracePeriodSeconds + grace };
            meta.DeletionGracePeriodSeconds = grace;
        }

        return obj;
    }

    private static void SetFinalizers(ResourceStrategy strategy, ObjectMeta meta, DeleteOptions options)
    {
        var policy = options.HasPropagationPolicy ? options.PropagationPolicy
            : options.HasOrphanDependents ? options.OrphanDependents ? "Orphan" : "Background"
            : meta.Finalizers.Contains(OrphanFinalizer) ? "Orphan"
            : meta.Finalizers.Contains(ForegroundFinalizer) ? "Foreground"
            : strategy.DefaultPropagation;
        Set(meta, ForegroundFinalizer, policy == "Foreground");
        Set(meta, OrphanFinalizer, policy == "Orphan");
    }

    private static void Set(ObjectMeta meta, string finalizer, bool wanted)
    {
        if (wanted && !meta.Finalizers.Contains(finalizer))
            meta.Finalizers.Add(finalizer);
        else if (!wanted)
            meta.Finalizers.Remove(finalizer);
    }

    /// <exception cref="StatusException">409: it is not the object that is meant.</exception>
    public static void CheckPreconditions(RequestScope scope, DeleteOptions options, IApiObject obj)
    {
        if (options.Preconditions is not { } conditions)
            return;

        if (conditions.HasUid && conditions.Uid != obj.Metadata.Uid)
        {
            throw StatusErrors.Conflict(scope.Resource, scope.Name!,
                $"the UID in the precondition ({conditions.Uid}) does not match the UID in record ({obj.Metadata.Uid}). "
                + "The object might have been deleted and then recreated");
        }

        if (conditions.HasResourceVersion && conditions.ResourceVersion != obj.Metadata.ResourceVersion)
        {
            throw StatusErrors.Conflict(scope.Resource, scope.Name!,
                $"the ResourceVersion in the precondition ({conditions.ResourceVersion}) does not match the ResourceVersion in record "
                + $"({obj.Metadata.ResourceVersion}). The object might have been modified");
        }
    }

    private static void CheckOptions(DeleteOptions options)
    {
        const string field = "propagationPolicy";
        List<FieldError> errors = [];
        if (options.HasPropagationPolicy && options.HasOrphanDependents)
            errors.Add(FieldError.Invalid(field, options.PropagationPolicy, "orphanDependents and deletionPropagation cannot be both set"));
        if (options.HasPropagationPolicy && options.PropagationPolicy is not ("Foreground" or "Background" or "Orphan"))
            errors.Add(FieldError.NotSupported(field, options.PropagationPolicy, ["Foreground", "Background", "Orphan", "nil"]));
        if (errors.Count > 0)
            throw StatusErrors.Invalid("meta.k8s.io", "DeleteOptions", "", errors);
    }

    private DeleteResult Answer(RequestScope scope, ObjectVersion version, bool deleted)
    {
        if (!deleted || context.Strategies[scope.Resource].ReturnsDeletedObject)
            return new DeleteResult(version, deleted);

        var status = new Status
        {
            Status_ = "Success",
            Details = new StatusDetails
            {
                Name = scope.Name!, Group = scope.Resource.Group, Kind = scope.Resource.Plural, Uid = version.Object.Metadata.Uid,
            },
        };
        return new DeleteResult(new EncodedMessage(status, "v1", "Status"), true);
    }
}

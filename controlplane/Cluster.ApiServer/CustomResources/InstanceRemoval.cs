using System.Collections.Concurrent;
using Cluster.Api;
using Cluster.Api.ApiExtensionsV1;
using Cluster.Api.Custom;
using Cluster.Api.MetaV1;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Bootstrap;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.Strategies;
using Cluster.ApiServer.WatchCache;
using Cluster.Storage;
using Microsoft.Extensions.Logging;

namespace Cluster.ApiServer.CustomResources;

/// <summary>Removes the objects of one definition that is being deleted, and then lets the definition go.</summary>
/// <remarks>
/// What goes wrong is told in the condition Terminating, in Kubernetes' words, and tried again: a conversion webhook that is gone holds what it would have to convert. Every
/// server of a store does it; writes carry the version they were decided on.
/// </remarks>
internal sealed class InstanceRemoval(string name, IResourceRegistry registry, IStore store, ResourceCaches caches, TimeProvider time, ILogger logger)
{
    private const string InProgress = "InstanceDeletionInProgress";
    private const string Failed = "InstanceDeletionFailed";

    // Some thousand objects should go in seconds without filling the store's queue.
    private const int ParallelDeletes = 16;

    /// <summary>Different reasons that are told of one try: the condition is to be read.</summary>
    private const int MostReasons = 10;

    private const string Unexpected = "the reason is in the server's log";

    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan LongestDelay = TimeSpan.FromSeconds(30);

    /// <summary>A deletion is told in whole seconds: one to two pass.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    private readonly ResourceCache _definitions = caches[ResourceCatalog.Definitions];

    /// <summary>Whether a definition is one whose objects are to be removed.</summary>
    public static bool IsDue(CustomResourceDefinition definition) =>
        definition.Metadata.DeletionTimestamp is not null && definition.Metadata.Finalizers.Contains(DefinitionStrategy.Finalizer);

    /// <summary>Ends when the definition is gone, or held by others alone.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        var failures = 0;
        while (!cancellationToken.IsCancellationRequested)
        {
            var changed = _definitions.Changed.Next;
            if (caches.Find(ResourceCatalog.Definitions, null, name) is not CustomResourceDefinition definition || !IsDue(definition))
                return;
            try
            {
                await StepAsync(definition, cancellationToken);
                failures = 0;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (StatusException late) when (late.IsConflict || late.IsNotFound)
            {
                // Somebody changed it meanwhile: that is news, and leads here again.
            }
            catch (Exception failure)
            {
                // The top of the loop: whatever failed is tried again.
                failures++;
                await TellFailureAsync(definition, failure, cancellationToken);
            }

            var wait = failures == 0 ? changed.WaitAsync(RetryDelay, time, cancellationToken) : Task.Delay(Delay(failures), time, cancellationToken);
            await wait.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    private static TimeSpan Delay(int failures) => TimeSpan.FromSeconds(Math.Min(LongestDelay.TotalSeconds, Math.Pow(2, Math.Min(failures - 1, 10))));

    private async Task StepAsync(CustomResourceDefinition definition, CancellationToken cancellationToken)
    {
        if (!await AreGoneAsync(definition, cancellationToken) || await TellAsync(definition, false, "InstanceDeletionCompleted", "removed all instances", cancellationToken))
            return;
        var released = definition.Clone();
        released.Metadata.Finalizers.Remove(DefinitionStrategy.Finalizer);
        await WriteAsync(released, null, cancellationToken);
    }

    private async Task<bool> AreGoneAsync(CustomResourceDefinition definition, CancellationToken cancellationToken)
    {
        if (caches.Custom.IsBehind || !await caches.WaitFreshAsync(cancellationToken))
            return false;
        if (caches.Custom.StoredTypeOf(name) is not { } type)
        {
            if (!caches.Custom.IsBehind)
                await RemoveStoredAsync(definition, cancellationToken);
            return !caches.Custom.IsBehind;
        }

        var left = caches[type].State.Objects.Range("").ToList();
        if (left.Count > 0)
        {
            // One that failed stays told until it is through.
            if (!IsTold(definition, Failed) && await TellAsync(definition, true, InProgress, "CustomResource deletion is in progress", cancellationToken))
                return false;
            await DeleteAsync(type, left, cancellationToken);
            return false;
        }

        // A create that was let in before the deletion was known, here or at another server of the store, has ended by then.
        return time.GetUtcNow() - definition.Metadata.DeletionTimestamp.ToDateTimeOffset() >= Grace;
    }

    // All are tried: one that fails holds up no other.
    private async Task DeleteAsync(ResourceType type, List<ObjectVersion> objects, CancellationToken cancellationToken)
    {
        var reasons = new ConcurrentDictionary<string, Exception>(StringComparer.Ordinal);
        await Parallel.ForEachAsync(
            objects,
            new ParallelOptions { MaxDegreeOfParallelism = ParallelDeletes, CancellationToken = cancellationToken },
            async (version, stop) =>
            {
                try
                {
                    await DeleteAsync(type, version.Object.Metadata, stop);
                }
                catch (Exception failure) when (!stop.IsCancellationRequested)
                {
                    if (reasons.Count < MostReasons)
                        reasons.TryAdd(ReasonOf(failure), failure);
                }
            });
        if (!reasons.IsEmpty)
            throw new AggregateException(reasons.OrderBy(one => one.Key, StringComparer.Ordinal).Select(one => one.Value));
    }

    private async Task DeleteAsync(ResourceType type, ObjectMeta metadata, CancellationToken cancellationToken)
    {
        // One that is marked already waits for who holds it.
        if (metadata.DeletionTimestamp is not null)
            return;
        try
        {
            await registry.DeleteAsync(Scope(type) with { Namespace = type.Namespaced ? metadata.Namespace : null, Name = metadata.Name }, new DeleteOptions(), cancellationToken);
        }
        catch (StatusException late) when (late.IsNotFound || late.IsConflict)
        {
            // Somebody else was faster, or changed it: the next look at what is left shows which.
        }
    }

    // What is no Status is the server's own affair, and in its log.
    private static string ReasonOf(Exception failure) => failure is StatusException ? failure.Message : Unexpected;

    // As Kubernetes joins errors.
    private static string Describe(Exception failure)
    {
        if (failure is not AggregateException all)
            return ReasonOf(failure);
        var reasons = string.Join(", ", all.InnerExceptions.Select(ReasonOf));
        return all.InnerExceptions.Count == 1 ? reasons : $"[{reasons}]";
    }

    // Nobody can read them, and nobody ever will: a definition of the same name would find them there.
    private async Task RemoveStoredAsync(CustomResourceDefinition definition, CancellationToken cancellationToken)
    {
        // One that is not of its own name could name what is another's.
        var prefix = CustomKinds.StoragePrefixOf(definition);
        if (name != $"{definition.Spec.Names.Plural}.{definition.Spec.Group}" || ResourceCatalog.All.Any(type => type.StoragePrefix == prefix))
            return;
        while ((await store.RangeAsync(prefix, null, StoreTxn.MaxOperations, 0, cancellationToken)).Entries is { Count: > 0 } entries)
        {
            logger.LogInformation("Removing {Count} objects of the definition {Name}, which cannot be served", entries.Count, name);
            await store.TxnAsync(new StoreTxn([], [.. entries.Select(entry => new StoreOp(entry.Key, null))]), cancellationToken);
        }
    }

    private async Task TellFailureAsync(CustomResourceDefinition definition, Exception failure, CancellationToken cancellationToken)
    {
        logger.LogWarning(failure, "The objects of the definition {Name} could not be removed", name);
        try
        {
            await TellAsync(definition, true, Failed, $"could not issue all deletes: {Describe(failure)}", cancellationToken);
        }
        catch (Exception again)
        {
            // Whatever it is, the loop goes on after its delay.
            logger.LogDebug(again, "The condition of the definition {Name} could not be written", name);
        }
    }

    private static bool IsTold(CustomResourceDefinition definition, string reason) =>
        definition.Status?.Conditions.Any(condition => condition.Type == CustomKinds.Terminating && condition.Status == "True" && condition.Reason == reason) ?? false;

    // True: the condition was news, and leads here again.
    private async Task<bool> TellAsync(CustomResourceDefinition definition, bool holds, string reason, string message, CancellationToken cancellationToken)
    {
        var told = definition.Clone();
        DefinitionConditions.Set(told, CustomKinds.Terminating, holds, reason, message, time);
        if (told.Equals(definition))
            return false;
        await WriteAsync(told, "status", cancellationToken);
        return true;
    }

    private async Task WriteAsync(CustomResourceDefinition definition, string? part, CancellationToken cancellationToken) =>
        await registry.UpdateAsync(Scope(ResourceCatalog.Definitions) with { Name = name, Subresource = part }, definition, cancellationToken);

    private static RequestScope Scope(ResourceType type) =>
        new() { Resource = type, User = UserIdentity.ApiServer, FieldManager = SystemObjects.ManagerName };
}

using Cluster.Api;
using Cluster.Api.ApiExtensionsV1;
using Cluster.Api.Custom;
using Cluster.Api.MetaV1;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Bootstrap;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.Strategies;
using Cluster.ApiServer.WatchCache;
using Microsoft.Extensions.Logging;

namespace Cluster.ApiServer.CustomResources;

/// <summary>Settles the names of new definitions, and removes the objects of deleted ones before they go.</summary>
/// <remarks>
/// It is part of the server, as in Kubernetes: without it a definition stays a piece of paper. Every server of a store runs it; writes carry the
/// version they were decided on, so that of two equal ones the second is refused and dropped.
/// </remarks>
internal sealed class DefinitionController(IResourceRegistry registry, ResourceCaches caches, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    /// <summary>A deletion is told in whole seconds: one to two pass.</summary>
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    private readonly ResourceCache _definitions = caches[ResourceCatalog.Definitions];
    private readonly CancellationTokenSource _stop = new();
    private Task _running = Task.CompletedTask;

    public void Start() => _running = Task.Run(() => RunAsync(_stop.Token), CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private async Task RunAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            var changed = _definitions.Changed.Next;
            var wait = Timeout.InfiniteTimeSpan;
            try
            {
                if (!await ReconcileAsync(cancellationToken))
                    wait = RetryDelay;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return;
            }
            catch (Exception exception)
            {
                // The top of the loop: whatever failed is tried again.
                logger.LogWarning(exception, "The definitions of added kinds could not be followed");
                wait = RetryDelay;
            }

            await changed.WaitAsync(wait, time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }
    }

    // False: something waits for what this loop is not told of.
    private async Task<bool> ReconcileAsync(CancellationToken cancellationToken)
    {
        var all = _definitions.State.Objects.Range("").Select(version => (CustomResourceDefinition)version.Object).ToList();
        var done = true;
        // The older one keeps a name that two want.
        foreach (var definition in all.OrderBy(one => one.Metadata.CreationTimestamp?.Seconds ?? 0).ThenBy(one => one.Metadata.Name, StringComparer.Ordinal))
        {
            try
            {
                if (definition.Metadata.DeletionTimestamp is null)
                    await SettleAsync(definition, all, cancellationToken);
                else if (definition.Metadata.Finalizers.Contains(DefinitionStrategy.Finalizer))
                    done &= await RemoveObjectsAsync(definition, cancellationToken);
            }
            catch (StatusException late) when (late.IsConflict || late.IsNotFound)
            {
                // Somebody changed it meanwhile: that is news, and leads here again.
            }
            catch (StatusException refused)
            {
                // One that cannot be helped must not hold up the others.
                logger.LogWarning(refused, "The definition {Name} could not be followed", definition.Metadata.Name);
                done = false;
            }
        }

        return done;
    }

    private async Task SettleAsync(CustomResourceDefinition definition, List<CustomResourceDefinition> all, CancellationToken cancellationToken)
    {
        var settled = definition.Clone();
        AcceptedNames.Settle(settled, all, time);
        if (settled.Equals(definition))
            return;
        await WriteAsync(settled, "status", cancellationToken);
        // Who comes next must see which names are gone.
        all[all.IndexOf(definition)] = settled;
    }

    private async Task<bool> RemoveObjectsAsync(CustomResourceDefinition definition, CancellationToken cancellationToken)
    {
        if (CustomKinds.IsEstablished(definition) && caches.Custom.StoredTypeOf(definition.Metadata.Name) is { } type)
        {
            var scope = Scope(type);
            var left = await registry.ListAsync(scope, new ListOptions(), cancellationToken);
            if (left.Items.Count > 0)
            {
                if (await TellAsync(definition, true, "InstanceDeletionInProgress", "CustomResource deletion is in progress", cancellationToken))
                    return true;
                await registry.DeleteCollectionAsync(scope, new ListOptions(), new DeleteOptions(), cancellationToken);
                left = await registry.ListAsync(scope, new ListOptions(), cancellationToken);
            }

            // A create that was let in before the deletion was known, here or at another server of the store, has ended by then.
            if (left.Items.Count > 0 || time.GetUtcNow() - definition.Metadata.DeletionTimestamp.ToDateTimeOffset() < Grace)
                return false;
        }

        if (await TellAsync(definition, false, "InstanceDeletionCompleted", "removed all instances", cancellationToken))
            return true;
        var released = definition.Clone();
        released.Metadata.Finalizers.Remove(DefinitionStrategy.Finalizer);
        await WriteAsync(released, null, cancellationToken);
        return true;
    }

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
        await registry.UpdateAsync(
            Scope(ResourceCatalog.Definitions) with { Name = definition.Metadata.Name, Subresource = part }, definition, cancellationToken);

    private static RequestScope Scope(ResourceType type) =>
        new() { Resource = type, User = UserIdentity.ApiServer, FieldManager = SystemObjects.ManagerName };
}

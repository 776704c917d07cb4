using Cluster.Api;
using Cluster.Api.ApiExtensionsV1;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Bootstrap;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.WatchCache;
using Cluster.Storage;
using Microsoft.Extensions.Logging;

namespace Cluster.ApiServer.CustomResources;

/// <summary>Settles the names of new definitions, and has the objects of deleted ones removed before they go.</summary>
/// <remarks>
/// It is part of the server, as in Kubernetes: without it a definition stays a piece of paper. Every server of a store runs it; writes carry the
/// version they were decided on, so that of two equal ones the second is refused and dropped. Removing objects may take long, and each definition's
/// is a task of its own: nobody waits for it.
/// </remarks>
internal sealed class DefinitionController(
    IResourceRegistry registry, IStore store, ResourceCaches caches, TimeProvider time, ILogger logger) : IAsyncDisposable
{
    private static readonly TimeSpan RetryDelay = TimeSpan.FromSeconds(1);

    private readonly ResourceCache _definitions = caches[ResourceCatalog.Definitions];
    private readonly CancellationTokenSource _stop = new();
    private readonly Dictionary<string, Task> _removals = new(StringComparer.Ordinal);
    private Task _running = Task.CompletedTask;

    public void Start() => _running = Task.Run(() => RunAsync(_stop.Token), CancellationToken.None);

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await Task.WhenAll(_removals.Values.Select(QuietlyAsync));
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

            // One that has ended may have to begin again, for another definition of the name.
            await Task.WhenAny([QuietlyAsync(changed.WaitAsync(wait, time, cancellationToken)), .. _removals.Values]);
        }
    }

    private static async Task QuietlyAsync(Task wait) => await wait.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);

    // False: something waits for what this loop is not told of.
    private async Task<bool> ReconcileAsync(CancellationToken cancellationToken)
    {
        var failed = RemoveEnded();
        var all = _definitions.State.Objects.Range("").Select(version => (CustomResourceDefinition)version.Object).ToList();
        var done = failed.Count == 0;
        // The older one keeps a name that two want.
        foreach (var definition in all.OrderBy(one => one.Metadata.CreationTimestamp?.Seconds ?? 0).ThenBy(one => one.Metadata.Name, StringComparer.Ordinal))
        {
            try
            {
                if (definition.Metadata.DeletionTimestamp is null)
                    await SettleAsync(definition, all, cancellationToken);
                else if (InstanceRemoval.IsDue(definition) && !failed.Contains(definition.Metadata.Name))
                    Remove(definition.Metadata.Name);
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

    // Those that failed, which they never should: told, and begun again after a delay.
    private HashSet<string> RemoveEnded()
    {
        var failed = new HashSet<string>(StringComparer.Ordinal);
        foreach (var (name, removal) in _removals.Where(removal => removal.Value.IsCompleted).ToList())
        {
            _removals.Remove(name);
            if (removal.IsFaulted && failed.Add(name))
                logger.LogError(removal.Exception, "The removal of the objects of the definition {Name} has failed", name);
        }

        return failed;
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

    private void Remove(string name)
    {
        if (_removals.GetValueOrDefault(name) is not { IsCompleted: false })
            _removals[name] = new InstanceRemoval(name, registry, store, caches, time, logger).RunAsync(_stop.Token);
    }

    private async Task WriteAsync(CustomResourceDefinition definition, string? part, CancellationToken cancellationToken) =>
        await registry.UpdateAsync(
            new RequestScope
            {
                Resource = ResourceCatalog.Definitions, User = UserIdentity.ApiServer, FieldManager = SystemObjects.ManagerName, Name = definition.Metadata.Name, Subresource = part,
            },
            definition,
            cancellationToken);
}

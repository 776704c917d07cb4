using Cluster.Api;
using Cluster.ApiServer.Admission;
using Cluster.ApiServer.Admission.Webhooks;
using Cluster.ApiServer.Allocation;
using Cluster.ApiServer.Bootstrap;
using Cluster.ApiServer.CustomResources;
using Cluster.ApiServer.CustomResources.Conversion;
using Cluster.ApiServer.Strategies;
using Cluster.ApiServer.WatchCache;
using Cluster.Storage;
using Microsoft.Extensions.Logging;

namespace Cluster.ApiServer.Registry;

/// <summary>
/// The registry with all it stands on: caches in step with the store, strategies, admission, and the objects every cluster has.
/// </summary>
public sealed class RegistryHost : IAsyncDisposable
{
    private readonly ResourceCaches _caches;
    private readonly WebhookClients _webhooks;
    private readonly SystemObjects _systemObjects;
    private readonly DefinitionController _definitions;

    private readonly ClaimRepair _repair;

    private RegistryHost(ResourceCaches caches, WebhookClients webhooks, ResourceRegistry registry, SystemObjects systemObjects, DefinitionController definitions, ClaimRepair repair)
    {
        _caches = caches;
        _webhooks = webhooks;
        _repair = repair;
        _definitions = definitions;
        _systemObjects = systemObjects;
        Registry = registry;
    }

    public IResourceRegistry Registry { get; }

    /// <summary>Cheap reads for the server's own decisions.</summary>
    public IObjectReader Reader => _caches;

    /// <summary>The caches follow the store: it is not so while the store cannot be reached.</summary>
    public bool IsReady => _caches.Feed.IsFollowing;

    /// <summary>Loads the caches, makes sure of the first objects and starts the loops.</summary>
    /// <param name="store">Not owned: it outlives the host.</param>
    /// <param name="options">The cluster's ranges and addresses.</param>
    /// <param name="admission">Makes the plug-ins, in their order, out of what reads the cluster and what asks webhooks.</param>
    /// <param name="posted">Makes those who answer what is only posted.</param>
    /// <param name="indexes">Kept in step with the caches.</param>
    /// <param name="logs">For all parts.</param>
    /// <param name="time">The clock of timestamps and intervals.</param>
    /// <param name="cancellationToken">Gives up starting.</param>
    internal static async Task<RegistryHost> StartAsync(
        IStore store,
        RegistryOptions options,
        Func<IObjectReader, WebhookClients, IReadOnlyList<IAdmissionPlugin>> admission,
        Func<IObjectReader, IReadOnlyList<IPostedKind>> posted,
        IReadOnlyList<IObjectIndex> indexes,
        ILoggerFactory logs,
        TimeProvider time,
        CancellationToken cancellationToken)
    {
        var caches = new ResourceCaches(store, indexes, time, logs.CreateLogger<ResourceCaches>());
        var webhooks = new WebhookClients(caches, logs.CreateLogger<WebhookClients>());
        ClaimRepair? repair = null;
        try
        {
            await caches.StartAsync(cancellationToken);
            var strategies = new StrategyTable(options, caches.Keys, time);
            var context = new RegistryContext(store, caches, strategies, new AdmissionChain(admission(caches, webhooks)), new FieldTracking(strategies, time), new ObjectConversions(webhooks), time);
            var registry = new ResourceRegistry(context, posted(caches));
            var systemObjects = new SystemObjects(registry, store, options, time, logs.CreateLogger<SystemObjects>());
            var repairLog = logs.CreateLogger<ClaimRepair>();
            repair = new ClaimRepair(
                store, strategies[ResourceCatalog.For<Api.CoreV1.Service>()].Claimant!, new RepairEvents(registry, options, time, repairLog), time, repairLog);
            // Before anybody can be given what a service has without holding it.
            await repair.StartAsync(cancellationToken);
            await systemObjects.StartAsync(cancellationToken);
            var definitions = new DefinitionController(registry, store, caches, time, logs.CreateLogger<DefinitionController>());
            definitions.Start();
            return new RegistryHost(caches, webhooks, registry, systemObjects, definitions, repair);
        }
        catch
        {
            if (repair is not null)
                await repair.DisposeAsync();
            await caches.DisposeAsync();
            webhooks.Dispose();
            throw;
        }
    }

    /// <summary>How many objects the cache of a stored resource has; 0 where it is gone.</summary>
    internal int CountOf(ResourceType stored) => _caches.Find(stored)?.State.Objects.Count ?? 0;

    /// <summary>Waits until the caches, and the indexes with them, are as new as the store is now; false: they did not get there in time.</summary>
    public ValueTask<bool> WaitFreshAsync(CancellationToken cancellationToken) => _caches.WaitFreshAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await _definitions.DisposeAsync();
        await _systemObjects.DisposeAsync();
        await _repair.DisposeAsync();
        await _caches.DisposeAsync();
        _webhooks.Dispose();
    }
}

using Cluster.Api;
using Cluster.Storage;
using Microsoft.Extensions.Logging;

namespace Cluster.ApiServer.WatchCache;

/// <summary>The caches of all resources, and how fresh they are. Owns the loop that feeds them.</summary>
internal sealed class ResourceCaches : IObjectReader, IAsyncDisposable
{
    // Longer than the store's own way to a watcher takes; then something else is wrong and the store is asked itself.
    private static readonly TimeSpan FreshTimeout = TimeSpan.FromMilliseconds(50);

    private static readonly TimeSpan StartTimeout = TimeSpan.FromSeconds(30);

    // Walking 50,000 objects takes a millisecond or two; what was used once is let go of after twice this time.
    private static readonly TimeSpan RestInterval = TimeSpan.FromSeconds(10);

    private static readonly ResourceType Pods = ResourceCatalog.For<Api.CoreV1.Pod>();

    private readonly IStore _store;
    private readonly Dictionary<ResourceType, ResourceCache> _caches;
    private readonly CancellationTokenSource _stop = new();
    private readonly TimeProvider _time;
    private Task _running = Task.CompletedTask;
    private Task _resting = Task.CompletedTask;

    /// <param name="store">Not owned.</param>
    /// <param name="indexes">Told of all changes of the kinds they cover.</param>
    /// <param name="time">The clock of intervals.</param>
    /// <param name="logger">Told what cannot be read.</param>
    public ResourceCaches(IStore store, IReadOnlyList<IObjectIndex> indexes, TimeProvider time, ILogger logger)
    {
        (_store, _time) = (store, time);
        _caches = ResourceCatalog.All.Where(type => type.StoragePrefix is not null).ToDictionary(
            type => type,
            type => new ResourceCache(type, new EventRing(time), logger)
            {
                Changing = Telling(type, [.. indexes.Where(index => index.Covers(type))]),
            });
        Custom = new CustomCaches(store, _caches[ResourceCatalog.Definitions], time, logger);
        Feed = new StoreFeed(store, [.. _caches.Values], [Keys], time, logger) { Custom = Custom };
    }

    public StoreFeed Feed { get; }

    public NodePods NodePods { get; } = new();

    /// <summary>Claims and ledgers.</summary>
    public KeyCache Keys { get; } = new(StoreFeed.Root + "cluster/");

    /// <summary>The caches of what definitions add.</summary>
    public CustomCaches Custom { get; }

    /// <summary>The cache of a stored resource.</summary>
    /// <exception cref="StatusException">404: its definition is gone.</exception>
    public ResourceCache this[ResourceType type] => Find(type) ?? throw StatusErrors.NotServed();

    /// <summary>As the indexer; null: its definition is gone.</summary>
    public ResourceCache? Find(ResourceType type) => type.Custom is null ? _caches[type] : Custom.Find(type.StoragePrefix!);

    /// <summary>Loads the caches and follows the store; when it returns they are as new as the store was when it began.</summary>
    /// <exception cref="StoreException">The store does not tell its changes.</exception>
    public async Task StartAsync(CancellationToken cancellationToken)
    {
        var revision = await Feed.LoadAsync(cancellationToken);
        _running = Task.Run(() => Feed.RunAsync(_stop.Token), CancellationToken.None);
        _resting = Task.Run(() => RestAsync(_stop.Token), CancellationToken.None);
        if (!await Feed.WaitAsync(revision, StartTimeout, cancellationToken))
            throw new StoreException($"the store's changes up to revision {revision} did not arrive");
    }

    /// <summary>
    /// Waits until the caches are as fresh as the store is now; false: they did not get there in time, read the store itself.
    /// </summary>
    public async ValueTask<bool> WaitFreshAsync(CancellationToken cancellationToken)
    {
        var revision = await _store.GetRevisionAsync(cancellationToken);
        return await Feed.WaitAsync(revision, FreshTimeout, cancellationToken);
    }

    /// <summary>The newest version of a key as the store has it now, past the cache.</summary>
    public async ValueTask<ObjectVersion?> ReadThroughAsync(ResourceType type, string key, CancellationToken cancellationToken) =>
        await _store.GetAsync(key, cancellationToken) is { } entry ? StoredForm.Decode(type, entry) : null;

    /// <summary>The newest version of a key, from the cache where that is fresh.</summary>
    public async ValueTask<ObjectVersion?> GetFreshAsync(ResourceType type, string key, CancellationToken cancellationToken) =>
        await WaitFreshAsync(cancellationToken)
            ? this[type].State.Objects.Find(key)
            : await ReadThroughAsync(type, key, cancellationToken);

    /// <inheritdoc/>
    public IApiObject? Find(ResourceType type, string? ns, string name) => this[type].State.Objects.Find(type.Key(ns, name))?.Object;

    /// <inheritdoc/>
    public SortedSnapshot Snapshot(ResourceType type) => this[type].State.Objects;

    /// <inheritdoc/>
    public async ValueTask<IApiObject?> FindFreshAsync(ResourceType type, string? ns, string name, CancellationToken cancellationToken) =>
        (await GetFreshAsync(type, type.Key(ns, name), cancellationToken))?.Object;

    /// <inheritdoc/>
    public IEnumerable<IApiObject> List(ResourceType type, string ns)
    {
        // Asked on each write for kinds of which most clusters have none.
        var objects = this[type].State.Objects;
        return objects.Count == 0 ? [] : objects.Range($"{type.StoragePrefix}{ns}/").Select(version => version.Object);
    }

    private async Task RestAsync(CancellationToken cancellationToken)
    {
        while (!cancellationToken.IsCancellationRequested)
        {
            await Task.Delay(RestInterval, _time, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
            foreach (var cache in _caches.Values.Concat(Custom.All))
                cache.Rest();
        }
    }

    private Action<ObjectVersion?, ObjectVersion?>? Telling(ResourceType type, IObjectIndex[] indexes) =>
        type == ResourceCatalog.Definitions ? (_, _) => Custom.Served.Change()
        : indexes.Length == 0 && type != Pods ? null
        : (previous, current) =>
        {
            if (type == Pods)
                NodePods.Change(previous, current);
            foreach (var index in indexes)
                index.Change(type, (current ?? previous)!.Key, previous?.Object, current?.Object);
        };

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        await _resting;
        _stop.Dispose();
    }
}

using System.Collections.Frozen;
using Cluster.Api;
using Cluster.Api.ApiExtensionsV1;
using Cluster.Api.Custom;
using Cluster.ApiServer.CustomResources;
using Cluster.Storage;
using Microsoft.Extensions.Logging;

namespace Cluster.ApiServer.WatchCache;

/// <summary>The caches of the resources that definitions add: they come and go with the definitions in the store.</summary>
/// <remarks>One writer, the store feed. So every API server on a store offers the same, each from what it has seen of the store.</remarks>
internal sealed class CustomCaches(IStore store, ResourceCache definitions, TimeProvider time, ILogger logger)
{
    private readonly Dictionary<string, Entry> _entries = new(StringComparer.Ordinal);
    private FrozenDictionary<string, ResourceCache> _byPrefix = FrozenDictionary<string, ResourceCache>.Empty;
    private FrozenDictionary<string, ResourceType> _stored = FrozenDictionary<string, ResourceType>.Empty;
    private SortedSnapshot? _seen;

    public ServedResources Served { get; } = new();

    /// <summary>The definitions are not those that the caches are of.</summary>
    public bool IsBehind => _seen != definitions.State.Objects;

    /// <summary>All of them.</summary>
    public IEnumerable<ResourceCache> All => Volatile.Read(ref _byPrefix).Values;

    /// <summary>The cache of a store prefix, or null.</summary>
    public ResourceCache? Find(string prefix) => Volatile.Read(ref _byPrefix).GetValueOrDefault(prefix);

    /// <summary>The stored version of what a definition adds, whether or not that version is offered; null: it is not served.</summary>
    public ResourceType? StoredTypeOf(string definition) => Volatile.Read(ref _stored).GetValueOrDefault(definition);

    /// <summary>Makes the caches those of the definitions.</summary>
    /// <param name="revision">What the other caches hold: the state at which new ones are loaded.</param>
    /// <param name="reload">Load all of them anew.</param>
    /// <param name="cancellationToken">Gives up; the next call goes on.</param>
    /// <exception cref="StoreException">The store could not be read; the next call goes on.</exception>
    public async Task SyncAsync(long revision, bool reload, CancellationToken cancellationToken)
    {
        var objects = definitions.State.Objects;
        var wanted = new Dictionary<string, CustomResourceDefinition>(StringComparer.Ordinal);
        foreach (var definition in objects.Range("").Select(version => (CustomResourceDefinition)version.Object).Where(CustomKinds.IsEstablished))
            wanted[definition.Metadata.Name] = definition;
        foreach (var name in _entries.Keys.Where(name => !wanted.ContainsKey(name)).ToList())
            Drop(name);
        foreach (var (name, definition) in wanted)
            await SyncAsync(name, definition, revision, reload, cancellationToken);
        Publish();
        _seen = objects;
    }

    private async Task SyncAsync(string name, CustomResourceDefinition definition, long revision, bool reload, CancellationToken cancellationToken)
    {
        var known = _entries.GetValueOrDefault(name);
        if (known is not null && IsSame(known.Definition, definition))
        {
            if (reload)
                await LoadAsync(known.Cache, revision, cancellationToken);
            _entries[name] = known with { Definition = definition, Types = known.Adapted(definition) };
            return;
        }

        if (TryMake(definition) is not { } types)
        {
            Drop(name);
            return;
        }

        var cache = new ResourceCache(types[0], new EventRing(time), logger);
        await LoadAsync(cache, revision, cancellationToken);
        known?.Cache.Close();
        _entries[name] = new Entry(definition, types, cache);
    }

    private async Task LoadAsync(ResourceCache cache, long revision, CancellationToken cancellationToken) =>
        cache.Load((await store.RangeAsync(cache.Type.StoragePrefix!, null, 0, revision, cancellationToken)).Entries, revision);

    private void Drop(string name)
    {
        if (_entries.Remove(name, out var entry))
            entry.Cache.Close();
    }

    private void Publish()
    {
        Volatile.Write(ref _byPrefix, _entries.Values.ToFrozenDictionary(entry => entry.Cache.Type.StoragePrefix!, entry => entry.Cache, StringComparer.Ordinal));
        Volatile.Write(ref _stored, _entries.ToFrozenDictionary(entry => entry.Key, entry => entry.Value.Types[0], StringComparer.Ordinal));
        Served.Publish(_entries.Values.SelectMany(entry => entry.Types));
    }

    // What is no part of this changes neither what objects are nor where they are.
    private static bool IsSame(CustomResourceDefinition left, CustomResourceDefinition right) =>
        left.Metadata.Uid == right.Metadata.Uid && left.Spec.Equals(right.Spec) && Equals(left.Status?.AcceptedNames, right.Status?.AcceptedNames);

    // Validation keeps such definitions out; another server may have let one in. Whatever is wrong with one, it must not stop the feed, and
    // with it every kind: that one alone is not served.
    private IReadOnlyList<ResourceType>? TryMake(CustomResourceDefinition definition)
    {
        try
        {
            return CustomKinds.Of(definition);
        }
        catch (Exception exception)
        {
            logger.LogError(exception, "The definition {Name} cannot be served", definition.Metadata.Name);
            return null;
        }
    }

    private sealed record Entry(CustomResourceDefinition Definition, IReadOnlyList<ResourceType> Types, ResourceCache Cache)
    {
        // A definition that is being deleted offers less; what its objects are stays as it is.
        public IReadOnlyList<ResourceType> Adapted(CustomResourceDefinition definition)
        {
            if (CustomKinds.IsLeaving(definition) == CustomKinds.IsLeaving(Definition))
                return Types;
            var made = CustomKinds.Of(definition);
            var stored = Types[0] with { Verbs = made[0].Verbs };
            return [stored, .. Types.Skip(1).Select((type, index) => type with { Verbs = made[index + 1].Verbs, StoredVersion = stored })];
        }
    }
}

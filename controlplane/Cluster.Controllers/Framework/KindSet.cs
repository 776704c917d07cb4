using System.Collections.Immutable;
using Cluster.Api;
using Cluster.Api.ApiExtensionsV1;
using Cluster.Client;

namespace Cluster.Controllers.Framework;

/// <summary>The kinds that a controller of every kind at once is about: those of the catalog, and those that definitions add, while they are there.</summary>
/// <remarks>Any thread may ask. One writer, the loop of the definitions' informer.</remarks>
internal sealed class KindSet
{
    private readonly ICustomKinds? _customKinds;
    private readonly Func<ResourceType, bool> _isWanted;

    // Replaced as a whole.
    private ImmutableDictionary<string, KindAccess> _byResource;

    public KindSet(IApiClient client, Func<ResourceType, bool> isWanted)
    {
        _isWanted = isWanted;
        _byResource = KindAccess.All(client).Where(kind => isWanted(kind.Type)).ToImmutableDictionary(kind => kind.Type.GroupResource);
        _customKinds = client as ICustomKinds;
    }

    public IEnumerable<KindAccess> All => Volatile.Read(ref _byResource).Values;

    /// <summary>The kind of a resource, written <c>PLURAL.GROUP</c>; null: it is not there.</summary>
    public KindAccess? Find(string resource) => Volatile.Read(ref _byResource).GetValueOrDefault(resource);

    /// <summary>Watches all of them.</summary>
    /// <param name="watches">The controller's.</param>
    /// <param name="watch">Begins to watch one, before it is among <see cref="All"/> where a definition adds it.</param>
    /// <param name="added">Told of one that a definition has added, once it is.</param>
    public void Watch(ControllerWatches watches, Action<KindAccess> watch, Action<KindAccess>? added = null)
    {
        foreach (var kind in All)
        {
            watch(kind);
        }

        if (_customKinds is not null)
        {
            watches.On<CustomResourceDefinition>((old, current) =>
            {
                if (current is null)
                {
                    Remove(watches, old!.Metadata.Name);
                }
                else if (Follow(watches, current, watch) is { } kind)
                {
                    added?.Invoke(kind);
                }
            });
        }
    }

    /// <summary>Takes up what the definition says now; a definition is called after its resource, as kinds are here.</summary>
    /// <remarks>
    /// A version that is served no more answers as if its objects were gone, and they are not: the kind is asked for by another one then.
    /// </remarks>
    private KindAccess? Follow(ControllerWatches watches, CustomResourceDefinition definition, Action<KindAccess> watch)
    {
        var type = CustomTypes.ServedOf(definition);
        if (type is null || !_isWanted(type))
        {
            Remove(watches, definition.Metadata.Name);
            return null;
        }

        var known = _byResource.GetValueOrDefault(definition.Metadata.Name);
        if (known?.Type.Version == type.Version)
        {
            return null;
        }

        // In one step: at no moment is a kind missing that is there before and after.
        var kind = KindAccess.Of(_customKinds!, type);
        watch(kind);
        Volatile.Write(ref _byResource, _byResource.SetItem(definition.Metadata.Name, kind));
        if (known is not null)
        {
            watches.Forget(known.Type);
        }

        return kind;
    }

    private void Remove(ControllerWatches watches, string resource)
    {
        if (_byResource.TryGetValue(resource, out var gone))
        {
            Volatile.Write(ref _byResource, _byResource.Remove(resource));
            watches.Forget(gone.Type);
        }
    }
}

using Cluster.Api;
using Cluster.Api.Custom;
using Cluster.Api.MetaV1;
using Cluster.Client;

namespace Cluster.Controllers.Framework;

/// <summary>What controllers of every kind at once, such as the garbage collector, do with objects of a kind.</summary>
internal abstract class KindAccess
{
    private const string ByOwner = "owner";
    private const string ByNamespace = "namespace";

    public required ResourceType Type { get; init; }

    /// <summary>One for each kind of the catalog that can be listed, watched and deleted.</summary>
    public static IReadOnlyList<KindAccess> All(IApiClient client) =>
    [
        .. ResourceCatalog.All.Where(type => type.StoragePrefix is not null && type.Verbs.Contains("list") && type.Verbs.Contains("watch") && type.Verbs.Contains("delete"))
            .Select(type => (KindAccess)Activator.CreateInstance(typeof(Typed<>).MakeGenericType(type.Descriptor.ClrType), client, type)!),
    ];

    /// <summary>One for a kind that a definition added.</summary>
    public static KindAccess Of(ICustomKinds client, ResourceType type) => new Typed<CustomObject>(client.ForKind(type), type);

    public abstract void Watch(ControllerWatches watches, Action<IApiObject?, IApiObject?> handler);

    /// <summary>As <see cref="Watch"/>, and <see cref="CachedIn"/> can be asked.</summary>
    public abstract void WatchByNamespace(ControllerWatches watches, Action<IApiObject?, IApiObject?> handler);

    /// <summary>The first list is in the cache: what it lacks is not there.</summary>
    public abstract bool HasSynced { get; }

    public abstract IApiObject? Cached(ObjectKey key);

    /// <summary>Objects of a namespace in the cache.</summary>
    public abstract IEnumerable<IApiObject> CachedIn(string ns);

    /// <summary>Objects in the cache that name this uid as an owner.</summary>
    public abstract IEnumerable<IApiObject> DependentsOf(string uid);

    /// <summary>The object from the server; null: it is not there.</summary>
    /// <exception cref="StatusException">The server cannot say, as when the kind is not served.</exception>
    public abstract Task<IApiObject?> FindAsync(ObjectKey key, CancellationToken cancellationToken);

    public abstract Task<IReadOnlyList<IApiObject>> ListAsync(string ns, CancellationToken cancellationToken);

    /// <summary>Deletes this very object; one that is gone or was made anew is left alone.</summary>
    public abstract Task DeleteAsync(IApiObject obj, string policy, CancellationToken cancellationToken);

    public abstract Task PatchAsync(ObjectKey key, PatchBody patch, CancellationToken cancellationToken);

    private sealed class Typed<T> : KindAccess
        where T : class, IApiObject, new()
    {
        private readonly IApiClient _client;
        private Informer<T> _informer = null!;

        [System.Diagnostics.CodeAnalysis.SetsRequiredMembers]
        public Typed(IApiClient client, ResourceType type)
        {
            _client = client;
            Type = type;
        }

        public override void Watch(ControllerWatches watches, Action<IApiObject?, IApiObject?> handler)
        {
            _informer = Type.Custom is null ? watches.On<T>(handler) : (Informer<T>)(object)watches.On(Type, handler)!;
            _informer.AddIndex(ByOwner, obj => obj.Metadata.OwnerReferences.Select(owner => owner.Uid).Distinct());
        }

        public override void WatchByNamespace(ControllerWatches watches, Action<IApiObject?, IApiObject?> handler)
        {
            Watch(watches, handler);
            _informer.AddIndex(ByNamespace, obj => [obj.Metadata.Namespace]);
        }

        public override bool HasSynced => _informer.HasSynced;

        public override IApiObject? Cached(ObjectKey key) => _informer.Get(key);

        public override IEnumerable<IApiObject> CachedIn(string ns) => _informer.ByIndex(ByNamespace, ns);

        public override IEnumerable<IApiObject> DependentsOf(string uid) => _informer.ByIndex(ByOwner, uid);

        public override async Task<IApiObject?> FindAsync(ObjectKey key, CancellationToken cancellationToken)
        {
            try
            {
                return await _client.GetAsync<T>(key.Namespace, key.Name, cancellationToken);
            }
            catch (StatusException e) when (e.IsNotFound && e.Status.Details is { Name.Length: > 0 })
            {
                // Of this very object: where the kind is not served the answer names none.
                return null;
            }
        }

        public override async Task<IReadOnlyList<IApiObject>> ListAsync(string ns, CancellationToken cancellationToken) =>
            (await _client.ListAsync<T>(ns, ListQuery.All, cancellationToken)).Items;

        public override async Task DeleteAsync(IApiObject obj, string policy, CancellationToken cancellationToken)
        {
            try
            {
                var options = new DeleteOptions { PropagationPolicy = policy, Preconditions = new() { Uid = obj.Metadata.Uid } };
                await _client.DeleteAsync<T>(obj.Metadata.Namespace, obj.Metadata.Name, options, cancellationToken);
            }
            catch (StatusException e) when (e.IsNotFound || e.IsConflict)
            {
                // What we wanted, or no longer what we looked at.
            }
        }

        public override Task PatchAsync(ObjectKey key, PatchBody patch, CancellationToken cancellationToken) =>
            _client.PatchAsync<T>(key.Namespace, key.Name, patch, null, cancellationToken);
    }
}

using System.Runtime.CompilerServices;
using Cluster.Api;
using Cluster.Api.MetaV1;
using Cluster.Client;
using Google.Protobuf;

namespace Cluster.Testing;

/// <summary>An API server in memory: what controllers, schedulers and kubelets need of one to be tested against.</summary>
/// <remarks>
/// Optimistic concurrency by resourceVersion, uid, generation, generateName, selectors, watches with history and 410, the status subresource,
/// finalizers and graceful deletion, bindings. No defaults, no validation, no admission. Everything is copied on the way in and out.
/// </remarks>
public sealed class FakeApiClient(TimeProvider? time = null) : IApiClient
{
    private readonly FakeStore _store = new(time ?? TimeProvider.System);
    private readonly Lock _lock = new();
    private readonly List<FakeRequest> _requests = [];

    /// <summary>Called before each request; what it returns is thrown instead of doing it.</summary>
    public Func<FakeRequest, Exception?>? Fault { get; set; }

    /// <summary>Called after each request that was done; what it returns is thrown although it was done: a lost reply.</summary>
    public Func<FakeRequest, Exception?>? LostReply { get; set; }

    /// <summary>Every request so far.</summary>
    public IReadOnlyList<FakeRequest> Requests
    {
        get
        {
            lock (_lock)
            {
                return [.. _requests];
            }
        }
    }

    /// <summary>Watches open now, by kind.</summary>
    public int OpenWatches<T>()
        where T : class, IApiObject, new() => _store.OpenWatches(ResourceCatalog.For<T>());

    /// <summary>Puts an object there as it is, status included, whatever the rules say; returns it as stored.</summary>
    public T Seed<T>(T obj)
        where T : class, IApiObject, new() => (T)_store.Seed(ResourceCatalog.For<T>(), obj);

    /// <summary>Changes an object there, status included.</summary>
    public T Change<T>(string? ns, string name, Action<T> change)
        where T : class, IApiObject, new() => (T)_store.Change(ResourceCatalog.For<T>(), ObjectKey.Of(ns, name), obj => change((T)obj));

    /// <summary>Takes an object away at once: no grace, no finalizers.</summary>
    public void Remove<T>(string? ns, string name)
        where T : class, IApiObject, new() => _store.Remove(ResourceCatalog.For<T>(), ObjectKey.Of(ns, name));

    /// <summary>The object as it is, or null; not counted as a request.</summary>
    public T? Find<T>(string? ns, string name)
        where T : class, IApiObject, new() => (T?)_store.Find(ResourceCatalog.For<T>(), ObjectKey.Of(ns, name));

    /// <summary>Every object of a kind, in key order; not counted as a request.</summary>
    public IReadOnlyList<T> All<T>(string? ns = null)
        where T : class, IApiObject, new() =>
        [.. _store.List(ResourceCatalog.For<T>(), new(ResourceCatalog.For<T>(), ns, ListQuery.All)).Items.Cast<T>()];

    /// <summary>Ends every watch, as a server that restarts does.</summary>
    public void EndWatches() => _store.History.EndWatches();

    /// <summary>Forgets the past: watches that resume before now get 410.</summary>
    public void Compact() => _store.Compact();

    /// <summary>Sends a bookmark on every watch that asked for them.</summary>
    public void SendBookmarks() => _store.History.SendBookmarks();

    public Task<T> GetAsync<T>(string? ns, string name, CancellationToken cancellationToken)
        where T : class, IApiObject, new() =>
        Do<T, T>("get", null, ns, name, type => (T)_store.Get(type, ObjectKey.Of(ns, name)), cancellationToken);

    public Task<ResourceList<T>> ListAsync<T>(string? ns, ListQuery query, CancellationToken cancellationToken)
        where T : class, IApiObject, new() =>
        Do<T, ResourceList<T>>("list", null, ns, "", type => Page<T>(type, ns, query), cancellationToken);

    public async IAsyncEnumerable<ResourceEvent<T>> WatchAsync<T>(
        string? ns, ListQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class, IApiObject, new()
    {
        var type = await Do<T, ResourceType>("watch", null, ns, "", found => found, cancellationToken);
        await foreach (var (kind, obj) in _store.WatchAsync(type, new(type, ns, query), query, cancellationToken))
        {
            yield return new(kind, (T)obj);
        }
    }

    public Task<T> CreateAsync<T>(T obj, CancellationToken cancellationToken)
        where T : class, IApiObject, new() =>
        Do<T, T>("create", null, obj.Metadata.Namespace, obj.Metadata.Name, type => (T)_store.Create(type, obj), cancellationToken);

    public Task<T> UpdateAsync<T>(T obj, CancellationToken cancellationToken)
        where T : class, IApiObject, new() => UpdateAsync(obj, null, cancellationToken);

    public Task<T> UpdateStatusAsync<T>(T obj, CancellationToken cancellationToken)
        where T : class, IApiObject, new() => UpdateAsync(obj, "status", cancellationToken);

    public Task<T> UpdateSubresourceAsync<T>(T obj, string subresource, CancellationToken cancellationToken)
        where T : class, IApiObject, new() => UpdateAsync(obj, subresource, cancellationToken);

    public Task<T> PatchAsync<T>(string? ns, string name, PatchBody patch, string? subresource, CancellationToken cancellationToken)
        where T : class, IApiObject, new() =>
        Do<T, T>("patch", subresource, ns, name, type => (T)_store.Patch(type, ObjectKey.Of(ns, name), patch, subresource), cancellationToken);

    public Task DeleteAsync<T>(string? ns, string name, DeleteOptions? options, CancellationToken cancellationToken)
        where T : class, IApiObject, new() =>
        Do<T, bool>("delete", null, ns, name, type => _store.Delete(type, ObjectKey.Of(ns, name), options ?? new()), cancellationToken);

    public Task BindAsync(string ns, string pod, string node, string? uid, CancellationToken cancellationToken) =>
        Do<Api.CoreV1.Pod, bool>("create", "binding", ns, pod, type => _store.Bind(type, ObjectKey.Of(ns, pod), node, uid), cancellationToken);

    private Task<T> UpdateAsync<T>(T obj, string? subresource, CancellationToken cancellationToken)
        where T : class, IApiObject, new() =>
        Do<T, T>("update", subresource, obj.Metadata.Namespace, obj.Metadata.Name, type => (T)_store.Update(type, obj, subresource), cancellationToken);

    private ResourceList<T> Page<T>(ResourceType type, string? ns, ListQuery query)
        where T : class, IApiObject, new()
    {
        var (items, revision) = _store.List(type, new(type, ns, query));
        var skip = query.Continue is { Length: > 0 } token ? int.Parse(token, System.Globalization.CultureInfo.InvariantCulture) : 0;
        var page = items.Skip(skip).Take(query.Limit ?? int.MaxValue).Cast<T>().ToList();
        var next = skip + page.Count < items.Count ? $"{skip + page.Count}" : null;
        return new(page, $"{revision}", next);
    }

    /// <summary>Every request goes through here: recorded, made to fail where a test wants it, and never completed on the caller's stack.</summary>
    private async Task<TResult> Do<T, TResult>(
        string verb, string? subresource, string? ns, string name, Func<ResourceType, TResult> work, CancellationToken cancellationToken)
        where T : class, IApiObject, new()
    {
        await Task.Yield();
        cancellationToken.ThrowIfCancellationRequested();
        var request = new FakeRequest(verb, ResourceCatalog.For<T>(), subresource, string.IsNullOrEmpty(ns) ? null : ns, name);
        lock (_lock)
        {
            _requests.Add(request);
        }

        if (Fault?.Invoke(request) is { } fault)
        {
            throw fault;
        }

        var result = work(request.Type);
        return LostReply?.Invoke(request) is { } lost ? throw lost : result;
    }
}

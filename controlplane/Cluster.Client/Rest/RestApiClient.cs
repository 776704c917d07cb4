using System.Net;
using System.Runtime.CompilerServices;
using Cluster.Api;
using Cluster.Api.AuthenticationV1;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;

namespace Cluster.Client;

/// <summary>The cluster over Kubernetes' REST API: works with any API server.</summary>
public sealed class RestApiClient : IApiClient, ICustomKinds, ITokenRequests, IDisposable
{
    private readonly ApiClientOptions _options;
    private readonly OlderVersions _versions = new();
    private readonly RestSender _sender;
    private readonly ResourceType? _kind;

    public RestApiClient(ClusterConnection connection, ApiClientOptions? options = null)
    {
        _options = options ?? ApiClientOptions.Default;
        _sender = new(connection, _options);
    }

    private RestApiClient(RestApiClient shared, ResourceType kind) => (_options, _sender, _kind) = (shared._options, shared._sender, kind);

    /// <inheritdoc/>
    public IApiClient ForKind(ResourceType type) => new RestApiClient(this, type);

    public Task<T> GetAsync<T>(string? ns, string name, CancellationToken cancellationToken)
        where T : class, IApiObject, new() => SendAsync<T>(HttpMethod.Get, ns, name, null, null, cancellationToken);

    public async Task<ResourceList<T>> ListAsync<T>(string? ns, ListQuery query, CancellationToken cancellationToken)
        where T : class, IApiObject, new()
    {
        var type = TypeOf<T>();
        var version = _versions.Of(type);
        ReadOnlyMemory<byte> body;
        try
        {
            body = await _sender.SendAsync(HttpMethod.Get, ListPath(type, version, ns, query), null, cancellationToken);
        }
        catch (StatusException e) when (e.IsNotFound && _versions.TryOther(type, version))
        {
            version = _versions.Of(type);
            body = await _sender.SendAsync(HttpMethod.Get, ListPath(type, version, ns, query), null, cancellationToken);
        }

        if (type.Custom is not null)
            return (ResourceList<T>)(object)RestBodies.DecodeCustomList(body);

        var list = (IApiList<T>)RestBodies.Decode(body, type.ListDescriptor!);
        foreach (var item in list.Items)
        {
            OlderVersions.Convert(item, version);
        }

        var next = list.Metadata?.Continue;
        return new(list.Items, list.Metadata?.ResourceVersion ?? "", string.IsNullOrEmpty(next) ? null : next);
    }

    public async IAsyncEnumerable<ResourceEvent<T>> WatchAsync<T>(
        string? ns, ListQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class, IApiObject, new()
    {
        var type = TypeOf<T>();
        var version = _versions.Of(type);
        var path = RestPath.Of(type, version, ns, null, null) + RestPath.Query(query, watch: true);
        using var response = await _sender.OpenAsync(path, cancellationToken);
        var protobuf = response.Content.Headers.ContentType?.MediaType == RestBodies.Protobuf;
        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        await foreach (var (word, bytes) in WatchFrames.ReadAsync(stream, protobuf, _options.MaxWatchEventBytes, cancellationToken))
        {
            var change = WatchEvents.Read<T>(word, bytes, RestBodies.Decode<T>, RestBodies.DecodeStatus);
            OlderVersions.Convert(change.Object, version);
            yield return change;
        }
    }

    public Task<T> CreateAsync<T>(T obj, CancellationToken cancellationToken)
        where T : class, IApiObject, new() => SendAsync<T>(HttpMethod.Post, obj.Metadata.Namespace, null, null, () => Body(obj), cancellationToken);

    public Task<T> UpdateAsync<T>(T obj, CancellationToken cancellationToken)
        where T : class, IApiObject, new() => PutAsync(obj, null, cancellationToken);

    public Task<T> UpdateStatusAsync<T>(T obj, CancellationToken cancellationToken)
        where T : class, IApiObject, new() => PutAsync(obj, "status", cancellationToken);

    public Task<T> UpdateSubresourceAsync<T>(T obj, string subresource, CancellationToken cancellationToken)
        where T : class, IApiObject, new() => PutAsync(obj, subresource, cancellationToken);

    public Task<T> PatchAsync<T>(string? ns, string name, PatchBody patch, string? subresource, CancellationToken cancellationToken)
        where T : class, IApiObject, new() =>
        SendAsync<T>(HttpMethod.Patch, ns, name, subresource, () => RestBodies.Content(patch.Content.Memory, patch.MediaType), cancellationToken);

    public Task DeleteAsync<T>(string? ns, string name, DeleteOptions? options, CancellationToken cancellationToken)
        where T : class, IApiObject, new()
    {
        var path = RestPath.Of(TypeOf<T>(), ns, name, null);
        Func<HttpContent>? body = options is null ? null : () => RestBodies.Encode(options, "v1", "DeleteOptions", _options.ProtobufBodies);
        return _sender.SendAsync(HttpMethod.Delete, path, body, cancellationToken);
    }

    public Task BindAsync(string ns, string pod, string node, string? uid, CancellationToken cancellationToken)
    {
        var binding = new Binding
        {
            Metadata = new() { Namespace = ns, Name = pod, Uid = uid ?? "" },
            Target = new() { ApiVersion = "v1", Kind = "Node", Name = node },
        };
        var path = RestPath.Of(ClientResources.For<Pod>(), ns, pod, "binding");
        return _sender.SendAsync(HttpMethod.Post, path, () => RestBodies.Encode(binding, "v1", "Binding", _options.ProtobufBodies), cancellationToken);
    }

    /// <inheritdoc/>
    public async Task<TokenRequest> CreateTokenAsync(string ns, string serviceAccount, TokenRequest request, CancellationToken cancellationToken)
    {
        var path = RestPath.Of(ClientResources.For<ServiceAccount>(), ns, serviceAccount, "token");
        Func<HttpContent> body = () => RestBodies.Encode(request, "authentication.k8s.io/v1", "TokenRequest", _options.ProtobufBodies);
        return RestBodies.Decode<TokenRequest>(await _sender.SendAsync(HttpMethod.Post, path, body, cancellationToken));
    }

    public void Dispose()
    {
        if (_kind is null)
            _sender.Dispose();
    }

    private ResourceType TypeOf<T>()
        where T : class, IApiObject, new() => _kind ?? ClientResources.For<T>();

    private static string ListPath(ResourceType type, string version, string? ns, ListQuery query) =>
        RestPath.Of(type, version, ns, null, null) + RestPath.Query(query, watch: false);

    private Task<T> PutAsync<T>(T obj, string? subresource, CancellationToken cancellationToken)
        where T : class, IApiObject, new() =>
        SendAsync<T>(HttpMethod.Put, obj.Metadata.Namespace, obj.Metadata.Name, subresource, () => Body(obj), cancellationToken);

    private HttpContent Body<T>(T obj)
        where T : class, IApiObject, new()
    {
        var type = TypeOf<T>();
        return RestBodies.Encode(obj, type.ApiVersion, type.Kind, _options.ProtobufBodies && type.Custom is null);
    }

    private async Task<T> SendAsync<T>(
        HttpMethod method, string? ns, string? name, string? subresource, Func<HttpContent>? body, CancellationToken cancellationToken)
        where T : class, IApiObject, new()
    {
        var path = RestPath.Of(TypeOf<T>(), ns, name, subresource);
        return RestBodies.Decode<T>(await _sender.SendAsync(method, path, body, cancellationToken));
    }
}

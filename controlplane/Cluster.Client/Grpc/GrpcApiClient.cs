using System.Runtime.CompilerServices;
using Cluster.Api;
using Cluster.Api.AuthenticationV1;
using Cluster.Api.MetaV1;
using Cluster.Api.ResourceV1;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;

namespace Cluster.Client;

/// <summary>The cluster over the generic gRPC resource service.</summary>
public sealed class GrpcApiClient : IApiClient, ICustomKinds, ITokenRequests, IDisposable
{
    private readonly ApiClientOptions _options;
    private readonly GrpcChannel _channel;
    private readonly Resources.ResourcesClient _resources;

    // The generic service has no subresources of other kinds; what is asked once an hour a pod may go over REST.
    private readonly Lazy<RestApiClient> _rest;
    private readonly ResourceType? _kind;

    public GrpcApiClient(ClusterConnection connection, ApiClientOptions? options = null)
    {
        _options = options ?? ApiClientOptions.Default;
        _rest = new(() => new RestApiClient(connection, options));
        _channel = GrpcChannel.ForAddress(connection.Server, new()
        {
            HttpHandler = ClusterHandlers.Create(connection),
            DisposeHttpClient = true,
            MaxReceiveMessageSize = _options.MaxResponseBytes,
            // Our own retries listen to what the server asks for.
            MaxRetryAttempts = null,
        });
        _resources = new(_channel);
    }

    private GrpcApiClient(GrpcApiClient shared, ResourceType kind) =>
        (_options, _channel, _resources, _rest, _kind) = (shared._options, shared._channel, shared._resources, shared._rest, kind);

    /// <inheritdoc/>
    public IApiClient ForKind(ResourceType type) => new GrpcApiClient(this, type);

    public Task<T> GetAsync<T>(string? ns, string name, CancellationToken cancellationToken)
        where T : class, IApiObject, new() =>
        ObjectAsync<T>(call => _resources.GetAsync(new() { Ref = Ref<T>(ns, name) }, call), cancellationToken);

    public async Task<ResourceList<T>> ListAsync<T>(string? ns, ListQuery query, CancellationToken cancellationToken)
        where T : class, IApiObject, new()
    {
        var request = new ListRequest
        {
            Ref = Ref<T>(ns, null),
            LabelSelector = query.LabelSelector ?? "",
            FieldSelector = query.FieldSelector ?? "",
            Limit = query.Limit ?? 0,
            Continue = query.Continue ?? "",
            ResourceVersion = query.ResourceVersion ?? "",
        };
        return await RetryAsync(async call => await ReadListAsync<T>(_resources.List(request, call), cancellationToken), cancellationToken);
    }

    public async IAsyncEnumerable<ResourceEvent<T>> WatchAsync<T>(
        string? ns, ListQuery query, [EnumeratorCancellation] CancellationToken cancellationToken)
        where T : class, IApiObject, new()
    {
        var request = new WatchRequest
        {
            Ref = Ref<T>(ns, null),
            LabelSelector = query.LabelSelector ?? "",
            FieldSelector = query.FieldSelector ?? "",
            ResourceVersion = query.ResourceVersion ?? "",
            AllowBookmarks = query.AllowBookmarks,
        };
        using var call = _resources.Watch(request, new CallOptions(Headers(), cancellationToken: cancellationToken));
        while (await NextAsync(call.ResponseStream, cancellationToken))
        {
            foreach (var change in call.ResponseStream.Current.Events)
            {
                yield return WatchEvents.Read<T>(change.Type, change.Object.Memory, ObjectEnvelope.Decode<T>, ObjectEnvelope.Decode<Api.MetaV1.Status>);
            }
        }
    }

    public Task<T> CreateAsync<T>(T obj, CancellationToken cancellationToken)
        where T : class, IApiObject, new() =>
        ObjectAsync<T>(call => _resources.CreateAsync(Write(obj, null), call), cancellationToken);

    public Task<T> UpdateAsync<T>(T obj, CancellationToken cancellationToken)
        where T : class, IApiObject, new() =>
        ObjectAsync<T>(call => _resources.UpdateAsync(Write(obj, null), call), cancellationToken);

    public Task<T> UpdateStatusAsync<T>(T obj, CancellationToken cancellationToken)
        where T : class, IApiObject, new() =>
        ObjectAsync<T>(call => _resources.UpdateStatusAsync(Write(obj, "status"), call), cancellationToken);

    public Task<T> UpdateSubresourceAsync<T>(T obj, string subresource, CancellationToken cancellationToken)
        where T : class, IApiObject, new() =>
        ObjectAsync<T>(call => _resources.UpdateAsync(Write(obj, subresource), call), cancellationToken);

    public Task<T> PatchAsync<T>(string? ns, string name, PatchBody patch, string? subresource, CancellationToken cancellationToken)
        where T : class, IApiObject, new()
    {
        var request = new PatchRequest { Ref = Ref<T>(ns, name, subresource), PatchType = patch.MediaType, Patch = patch.Content };
        return ObjectAsync<T>(call => _resources.PatchAsync(request, call), cancellationToken);
    }

    public Task DeleteAsync<T>(string? ns, string name, DeleteOptions? options, CancellationToken cancellationToken)
        where T : class, IApiObject, new()
    {
        var request = new DeleteRequest { Ref = Ref<T>(ns, name), Options = options?.ToByteString() ?? ByteString.Empty };
        return CallAsync(call => _resources.DeleteAsync(request, call), cancellationToken);
    }

    public Task BindAsync(string ns, string pod, string node, string? uid, CancellationToken cancellationToken)
    {
        var request = new BindRequest { Namespace = ns, Pod = pod, Node = node, Uid = uid ?? "" };
        return CallAsync(call => _resources.BindAsync(request, call), cancellationToken);
    }

    /// <inheritdoc/>
    public Task<TokenRequest> CreateTokenAsync(string ns, string serviceAccount, TokenRequest request, CancellationToken cancellationToken) =>
        _rest.Value.CreateTokenAsync(ns, serviceAccount, request, cancellationToken);

    public void Dispose()
    {
        if (_kind is not null)
            return;
        _channel.Dispose();
        if (_rest.IsValueCreated)
        {
            _rest.Value.Dispose();
        }
    }

    private ResourceRef Ref<T>(string? ns, string? name, string? subresource = null)
        where T : class, IApiObject, new()
    {
        var type = TypeOf<T>();
        return new()
        {
            Group = type.Group,
            Version = type.Version,
            Resource = type.Plural,
            Namespace = ns ?? "",
            Name = name ?? "",
            Subresource = subresource ?? "",
        };
    }

    private WriteRequest Write<T>(T obj, string? subresource)
        where T : class, IApiObject, new() => new()
        {
            Ref = Ref<T>(obj.Metadata.Namespace, obj.Metadata.Name, subresource),
            Object = ObjectEnvelope.Encode(obj, TypeOf<T>()),
        };

    private ResourceType TypeOf<T>()
        where T : class, IApiObject, new() => _kind ?? ClientResources.For<T>();

    private Metadata Headers() => new() { { "x-user-agent", _options.UserAgent } };

    private async Task<T> ObjectAsync<T>(Func<CallOptions, AsyncUnaryCall<ObjectReply>> send, CancellationToken cancellationToken)
        where T : class, IApiObject, new() =>
        ObjectEnvelope.Decode<T>((await CallAsync(send, cancellationToken)).Object.Memory);

    private Task<TReply> CallAsync<TReply>(Func<CallOptions, AsyncUnaryCall<TReply>> send, CancellationToken cancellationToken) => RetryAsync(
        async options =>
        {
            using var call = send(options);
            return await call.ResponseAsync;
        },
        cancellationToken);

    private Task<TReply> RetryAsync<TReply>(Func<CallOptions, Task<TReply>> call, CancellationToken cancellationToken) => RetryLater.RunAsync(
        async () =>
        {
            var deadline = TimeProvider.System.GetUtcNow().UtcDateTime + _options.Deadline;
            try
            {
                return await call(new CallOptions(Headers(), deadline, cancellationToken));
            }
            catch (RpcException e)
            {
                throw GrpcErrors.Translate(e, cancellationToken);
            }
        },
        _options,
        cancellationToken);

    private static async Task<ResourceList<T>> ReadListAsync<T>(AsyncServerStreamingCall<ListReply> call, CancellationToken cancellationToken)
        where T : class, IApiObject, new()
    {
        using (call)
        {
            var items = new List<T>();
            var last = new ListReply();
            while (await call.ResponseStream.MoveNext(cancellationToken))
            {
                last = call.ResponseStream.Current;
                items.AddRange(last.Objects.Select(bytes => ObjectEnvelope.Decode<T>(bytes.Memory)));
            }

            return new(items, last.ResourceVersion, last.Continue.Length == 0 ? null : last.Continue);
        }
    }

    private static async Task<bool> NextAsync(IAsyncStreamReader<WatchReply> stream, CancellationToken cancellationToken)
    {
        try
        {
            return await stream.MoveNext(cancellationToken);
        }
        catch (RpcException e)
        {
            throw GrpcErrors.Translate(e, cancellationToken);
        }
    }
}

using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.Protobuf;
using Cluster.Api.ResourceV1;
using Cluster.Client.Tests.Server;
using Google.Protobuf;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;

namespace Cluster.Client.Tests.Grpc;

public sealed class GrpcApiClientTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task GetAsync_Object_IsRead()
    {
        await using var server = await StartAsync();
        using var client = new GrpcApiClient(server.Connection);

        var pod = await client.GetAsync<Pod>("default", "a", Cancel);

        Assert.Equal("default/a of pods v1", pod.Metadata.Annotations["ref"]);
    }

    [Fact]
    public async Task GetAsync_StatusTrailer_IsThrown()
    {
        await using var server = await StartAsync();
        using var client = new GrpcApiClient(server.Connection);

        var error = await Assert.ThrowsAsync<StatusException>(() => client.GetAsync<Pod>("default", "missing", Cancel));

        Assert.Equal((404, "pods \"missing\" not found"), (error.Code, error.Message));
    }

    [Fact]
    public async Task GetAsync_CodeAlone_IsMapped()
    {
        await using var server = await StartAsync();
        using var client = new GrpcApiClient(server.Connection);

        var error = await Assert.ThrowsAsync<StatusException>(() => client.GetAsync<Pod>("default", "denied", Cancel));

        Assert.Equal((403, "Forbidden"), (error.Code, error.Reason));
    }

    [Fact]
    public async Task GetAsync_ServerAway_IsAConnectionFailure()
    {
        var server = await StartAsync();
        var connection = server.Connection;
        await server.DisposeAsync();
        using var client = new GrpcApiClient(connection);

        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync<Pod>("default", "a", Cancel));
    }

    [Fact]
    public async Task GetAsync_Cancelled_IsCancelled()
    {
        await using var server = await StartAsync();
        using var client = new GrpcApiClient(server.Connection);
        using var stop = new CancellationTokenSource();
        var getting = client.GetAsync<Pod>("default", "slow", stop.Token);
        await stop.CancelAsync();

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => getting);
    }

    [Fact]
    public async Task WatchAsync_EventsThenError_AreBothSeen()
    {
        await using var server = await StartAsync();
        using var client = new GrpcApiClient(server.Connection);
        var seen = new List<ResourceEvent<Pod>>();

        var error = await Assert.ThrowsAsync<StatusException>(async () =>
        {
            await foreach (var change in client.WatchAsync<Pod>(null, ListQuery.All, Cancel))
            {
                seen.Add(change);
            }
        });

        Assert.Equal([ResourceEventType.Added, ResourceEventType.Modified], seen.Select(change => change.Type));
        Assert.True(error.IsGone);
    }

    [Fact]
    public async Task ListAsync_Objects_AreRead()
    {
        await using var server = await StartAsync();
        using var client = new GrpcApiClient(server.Connection);

        var list = await client.ListAsync<Pod>(null, new() { Limit = 2 }, Cancel);

        Assert.Equal(["a", "b"], list.Items.Select(pod => pod.Metadata.Name));
        Assert.Equal(("9", "more"), (list.ResourceVersion, list.Continue));
    }

    private static Task<TestServer> StartAsync() => TestServer.StartAsync(app => app.MapGrpcService<CannedResources>());

    private sealed class CannedResources : Resources.ResourcesBase
    {
        public override async Task<ObjectReply> Get(GetRequest request, ServerCallContext context)
        {
            switch (request.Ref.Name)
            {
                case "missing":
                    var status = StatusErrors.NotFound(ResourceCatalog.For<Pod>(), "missing").Status;
                    throw new RpcException(
                        new(StatusCode.NotFound, status.Message), new Metadata { { "kubernetes-status-bin", status.ToByteArray() } });
                case "denied":
                    throw new RpcException(new(StatusCode.PermissionDenied, "no"));
                case "slow":
                    await Task.Delay(Timeout.Infinite, context.CancellationToken);
                    break;
            }

            var pod = Make.Pod(request.Ref.Name);
            pod.Metadata.Annotations["ref"] = $"{request.Ref.Namespace}/{request.Ref.Name} of {request.Ref.Resource} {request.Ref.Version}";
            return new() { Object = Bytes(pod) };
        }

        public override async Task List(ListRequest request, IServerStreamWriter<ListReply> replies, ServerCallContext context)
        {
            await replies.WriteAsync(new() { Objects = { Bytes(Make.Pod("a")) }, ResourceVersion = "9" });
            await replies.WriteAsync(new() { Objects = { Bytes(Make.Pod("b")) }, ResourceVersion = "9", Continue = "more" });
        }

        public override async Task Watch(WatchRequest request, IServerStreamWriter<WatchReply> replies, ServerCallContext context)
        {
            var gone = StatusErrors.Expired().Status;
            await replies.WriteAsync(new()
            {
                Events =
                {
                    new WatchEvent { Type = "ADDED", Object = Bytes(Make.Pod("a")) },
                    new WatchEvent { Type = "MODIFIED", Object = Bytes(Make.Pod("a")) },
                },
            });
            await replies.WriteAsync(new()
            {
                Events = { new WatchEvent { Type = "ERROR", Object = ByteString.CopyFrom(Envelope.Encode(gone, "v1", "Status")) } },
            });
        }

        private static ByteString Bytes(Pod pod) => ByteString.CopyFrom(Envelope.Encode(pod, "v1", "Pod"));
    }
}

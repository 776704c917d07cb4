using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Api.Protobuf;
using Cluster.Api.ResourceV1;
using Cluster.ApiServer.Tests.Hosting;
using Cluster.Testing;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;
using Grpc.Reflection.V1Alpha;
using Microsoft.Extensions.Time.Testing;
using ApiStatus = Cluster.Api.MetaV1.Status;
using HealthClient = Grpc.Health.V1.Health.HealthClient;

namespace Cluster.ApiServer.Tests.Grpc;

public sealed class ResourceServiceTests(ApiServerRig rig) : IClassFixture<ApiServerRig>
{
    private readonly Resources.ResourcesClient _client = new(rig.AdminChannel);

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Delete_DryRunInAnotherSpelling_IsRefusedAndDeletesNothing()
    {
        await CreateAsync("kept", "a", "1");
        foreach (var word in (string[])["all", "ALL", "None"])
        {
            var options = new DeleteOptions { DryRun = { word } }.ToByteString();
            var failure = await FailureAsync(_client.DeleteAsync(new DeleteRequest { Ref = Ref("kept"), Options = options }, cancellationToken: Cancel).ResponseAsync);
            Assert.Contains($"dryRun: Unsupported value: \"{word}\": supported values: \"All\"", failure.Status.Message, StringComparison.Ordinal);
        }

        await _client.DeleteAsync(new DeleteRequest { Ref = Ref("kept"), Options = new DeleteOptions { DryRun = { "All" } }.ToByteString() }, cancellationToken: Cancel);
        Assert.Equal("kept", Open((await _client.GetAsync(new GetRequest { Ref = Ref("kept") }, cancellationToken: Cancel)).Object).Metadata.Name);
    }

    [Fact]
    public async Task CreateGetListUpdateDelete_ConfigMap_DoWhatTheySay()
    {
        var created = await CreateAsync("crud", "a", "1");
        Assert.NotEmpty(created.Metadata.Uid);

        var got = Open((await _client.GetAsync(new GetRequest { Ref = Ref("crud") }, cancellationToken: Cancel)).Object);
        Assert.Equal(created, got);

        got.Data["a"] = "2";
        var updated = Open((await _client.UpdateAsync(new WriteRequest { Ref = Ref("crud"), Object = Wrap(got) }, cancellationToken: Cancel)).Object);
        Assert.Equal("2", updated.Data["a"]);

        var list = Assert.Single(await ListAsync(new ListRequest { Ref = Ref(""), FieldSelector = "metadata.name=crud" }));
        Assert.Equal(updated, Open(Assert.Single(list.Objects)));
        Assert.NotEmpty(list.ResourceVersion);

        await _client.DeleteAsync(new DeleteRequest { Ref = Ref("crud") }, cancellationToken: Cancel);
        var failure = await FailureAsync(_client.GetAsync(new GetRequest { Ref = Ref("crud") }, cancellationToken: Cancel).ResponseAsync);
        Assert.Equal(StatusCode.NotFound, failure.Code);
    }

    [Fact]
    public async Task Get_Missing_BringsTheKubernetesStatus()
    {
        var (code, status) = await FailureAsync(_client.GetAsync(new GetRequest { Ref = Ref("missing") }, cancellationToken: Cancel).ResponseAsync);

        Assert.Equal(StatusCode.NotFound, code);
        Assert.Equal("configmaps \"missing\" not found", status.Message);
        Assert.Equal(("NotFound", 404, "configmaps"), (status.Reason, status.Code, status.Details.Kind));
    }

    [Fact]
    public async Task Create_Twice_IsAlreadyExists()
    {
        await CreateAsync("twice", "a", "1");
        var (code, status) = await FailureAsync(CreateAsync("twice", "a", "1"));

        Assert.Equal((StatusCode.AlreadyExists, "AlreadyExists"), (code, status.Reason));
    }

    [Fact]
    public async Task Update_Stale_IsAborted()
    {
        var first = await CreateAsync("stale", "a", "1");
        var newer = first.Clone();
        newer.Data["a"] = "2";
        await _client.UpdateAsync(new WriteRequest { Ref = Ref("stale"), Object = Wrap(newer) }, cancellationToken: Cancel);
        first.Data["a"] = "3";
        var (code, status) = await FailureAsync(
            _client.UpdateAsync(new WriteRequest { Ref = Ref("stale"), Object = Wrap(first) }, cancellationToken: Cancel).ResponseAsync);

        Assert.Equal((StatusCode.Aborted, "Conflict"), (code, status.Reason));
    }

    [Fact]
    public async Task Patch_Merge_ChangesTheObject()
    {
        await CreateAsync("patched", "a", "1");
        var reply = await _client.PatchAsync(
            new PatchRequest { Ref = Ref("patched"), PatchType = "application/merge-patch+json", Patch = ByteString.CopyFromUtf8("{\"data\":{\"b\":\"2\"}}") },
            cancellationToken: Cancel);

        Assert.Equal("2", Open(reply.Object).Data["b"]);
    }

    [Fact]
    public async Task ListAndWatch_OfMoreThanAMessageHolds_ComeInSeveral()
    {
        // A client's messages have no more than 4 MiB unless it says otherwise.
        const int count = 12;
        var large = new string('x', 512 * 1024);
        for (var i = 0; i < count; i++)
            await CreateAsync($"large-{i:00}", "a", large, "large");
        var replies = await ListAsync(new ListRequest { Ref = Ref(""), LabelSelector = "size=large" });
        Assert.True(replies.Count > 1);
        Assert.Single(replies.Select(reply => reply.ResourceVersion).Distinct());
        Assert.Equal(Enumerable.Range(0, count).Select(i => $"large-{i:00}"), replies.SelectMany(reply => reply.Objects).Select(bytes => Open(bytes).Metadata.Name));

        var page = (await ListAsync(new ListRequest { Ref = Ref(""), LabelSelector = "size=large", Limit = 5 }))[^1];
        var rest = await ListAsync(new ListRequest { Ref = Ref(""), LabelSelector = "size=large", Continue = page.Continue });
        Assert.Equal(count - 5, rest.Sum(reply => reply.Objects.Count));

        using var call = _client.Watch(new WatchRequest { Ref = Ref(""), LabelSelector = "size=large" }, cancellationToken: Cancel);
        List<string> events = [];
        while (events.Count < count && await call.ResponseStream.MoveNext(Cancel))
            events.AddRange(call.ResponseStream.Current.Events.Select(change => $"{change.Type} {Open(change.Object).Metadata.Name}"));
        Assert.Equal(Enumerable.Range(0, count).Select(i => $"ADDED large-{i:00}"), events);
    }

    [Fact]
    public async Task Watch_FromAVersion_TellsWhatHappensAfterIt()
    {
        var list = (await ListAsync(new ListRequest { Ref = Ref("") }))[^1];
        using var call = _client.Watch(
            new WatchRequest { Ref = Ref(""), ResourceVersion = list.ResourceVersion, FieldSelector = "metadata.name=watched" }, cancellationToken: Cancel);
        await call.ResponseHeadersAsync;
        var created = await CreateAsync("watched", "a", "1");
        await _client.DeleteAsync(new DeleteRequest { Ref = Ref("watched") }, cancellationToken: Cancel);

        List<(string Type, string Name)> events = [];
        while (events.Count < 2 && await call.ResponseStream.MoveNext(Cancel))
            events.AddRange(call.ResponseStream.Current.Events.Select(change => (change.Type, Open(change.Object).Metadata.Name)));

        Assert.Equal([("ADDED", created.Metadata.Name), ("DELETED", created.Metadata.Name)], events);
    }

    [Fact]
    public async Task Watch_WithADeadline_EndsWithIt()
    {
        using var call = _client.Watch(
            new WatchRequest { Ref = Ref(""), FieldSelector = "metadata.name=none" }, deadline: DateTime.UnixEpoch.AddMilliseconds(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() + 300),
            cancellationToken: Cancel);

        var failure = await Assert.ThrowsAsync<RpcException>(async () =>
        {
            while (await call.ResponseStream.MoveNext(Cancel))
            {
            }
        });
        Assert.Equal(StatusCode.DeadlineExceeded, failure.StatusCode);
    }

    [Fact]
    public async Task Watch_ThatIsIdle_AnswersTheClientsPings()
    {
        using var answered = new SemaphoreSlim(0);
        var handler = rig.Handler("admin");
        handler.PlaintextStreamFilter = (connection, _) => ValueTask.FromResult<Stream>(new PingCounter(connection.PlaintextStream, () => answered.Release()));
        (handler.KeepAlivePingDelay, handler.KeepAlivePingTimeout, handler.KeepAlivePingPolicy) =
            (TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(20), HttpKeepAlivePingPolicy.Always);
        using var channel = GrpcChannel.ForAddress(rig.Url, new GrpcChannelOptions { HttpHandler = handler, DisposeHttpClient = true });
        using var call = new Resources.ResourcesClient(channel).Watch(new WatchRequest { Ref = Ref(""), FieldSelector = "metadata.name=pinged" }, cancellationToken: Cancel);
        await call.ResponseHeadersAsync;
        // The second one is sent only by a connection that took the answer to the first.
        for (var i = 0; i < 2; i++)
            await answered.WaitAsync(Cancel);
        await CreateAsync("pinged", "a", "1");

        while (await call.ResponseStream.MoveNext(Cancel))
        {
            if (call.ResponseStream.Current.Events.Any(change => change.Type == "ADDED"))
                return;
        }

        Assert.Fail("the watch ended");
    }

    [Fact]
    public async Task Watch_EndsWithinAnHour_SoThatItsRightIsAskedForAgain()
    {
        var time = new FakeTimeProvider(TimeProvider.System.GetUtcNow());
        await using var server = await rig.StartAsync(FreePort.Tcp(), time: time);
        using var channel = GrpcChannel.ForAddress(server.Url, new GrpcChannelOptions { HttpHandler = rig.Handler("admin"), DisposeHttpClient = true });
        using var call = new Resources.ResourcesClient(channel).Watch(
            new WatchRequest { Ref = Ref(""), FieldSelector = "metadata.name=none" }, cancellationToken: Cancel);
        await call.ResponseHeadersAsync;
        var next = call.ResponseStream.MoveNext(Cancel);

        // The clock goes on until it ends: the watch may begin to count a moment after its headers.
        await Eventually.True(() =>
        {
            time.Advance(TimeSpan.FromHours(1));
            return next.IsCompleted;
        });

        Assert.False(await next);
    }

    [Fact]
    public async Task Watch_TooOldAVersion_IsOutOfRange()
    {
        using var call = _client.Watch(new WatchRequest { Ref = Ref(""), ResourceVersion = "not-a-version" }, cancellationToken: Cancel);
        var (code, _) = await FailureAsync(call.ResponseStream.MoveNext(Cancel));

        Assert.Equal(StatusCode.InvalidArgument, code);
    }

    [Fact]
    public async Task Create_BodyOfAnotherKind_IsInvalidArgument()
    {
        var secret = ByteString.CopyFrom(Envelope.Encode(new Secret { Metadata = new ObjectMeta { Name = "s" } }, "v1", "Secret"));
        var (code, status) = await FailureAsync(
            _client.CreateAsync(new WriteRequest { Ref = Ref("s"), Object = secret }, cancellationToken: Cancel).ResponseAsync);

        Assert.Equal((StatusCode.InvalidArgument, 400), (code, status.Code));
        var (garbage, _) = await FailureAsync(
            _client.CreateAsync(new WriteRequest { Ref = Ref("s"), Object = ByteString.CopyFromUtf8("garbage") }, cancellationToken: Cancel).ResponseAsync);
        Assert.Equal(StatusCode.InvalidArgument, garbage);
    }

    [Fact]
    public async Task Get_UnknownResourceOrNoReference_IsRefused()
    {
        var unknown = new ResourceRef { Group = "nothing.io", Version = "v1", Resource = "things", Namespace = "default", Name = "x" };
        Assert.Equal(StatusCode.NotFound, (await FailureAsync(_client.GetAsync(new GetRequest { Ref = unknown }, cancellationToken: Cancel).ResponseAsync)).Code);
        Assert.Equal(StatusCode.InvalidArgument, (await FailureAsync(_client.GetAsync(new GetRequest(), cancellationToken: Cancel).ResponseAsync)).Code);
    }

    [Fact]
    public async Task Call_WithoutCredentials_IsPermissionDeniedWithTheStatus()
    {
        using var channel = GrpcChannel.ForAddress(rig.Url, new GrpcChannelOptions { HttpHandler = rig.Handler(null), DisposeHttpClient = true });
        var anonymous = new Resources.ResourcesClient(channel);
        var (code, status) = await FailureAsync(anonymous.GetAsync(new GetRequest { Ref = Ref("x") }, cancellationToken: Cancel).ResponseAsync);

        Assert.Equal(StatusCode.PermissionDenied, code);
        Assert.Equal(
            "configmaps \"x\" is forbidden: User \"system:anonymous\" cannot get resource \"configmaps\" in API group \"\" in the namespace \"default\"",
            status.Message);
    }

    [Fact]
    public async Task Call_WithAWrongToken_IsUnauthenticatedWithTheStatus()
    {
        using var channel = GrpcChannel.ForAddress(rig.Url, new GrpcChannelOptions { HttpHandler = rig.Handler(null), DisposeHttpClient = true });
        var headers = new Metadata { { "Authorization", "Bearer guess" } };
        var (code, status) = await FailureAsync(
            new Resources.ResourcesClient(channel).GetAsync(new GetRequest { Ref = Ref("x") }, headers, cancellationToken: Cancel).ResponseAsync);

        Assert.Equal((StatusCode.Unauthenticated, "Unauthorized"), (code, status.Reason));
    }

    [Fact]
    public async Task Health_Check_IsServing()
    {
        var reply = await new HealthClient(rig.AdminChannel).CheckAsync(new HealthCheckRequest { Service = "cluster.v1.Resources" }, cancellationToken: Cancel);

        Assert.Equal(HealthCheckResponse.Types.ServingStatus.Serving, reply.Status);
    }

    [Fact]
    public async Task Reflection_ListServices_NamesTheResourceService()
    {
        using var call = new ServerReflection.ServerReflectionClient(rig.AdminChannel).ServerReflectionInfo(cancellationToken: Cancel);
        await call.RequestStream.WriteAsync(new ServerReflectionRequest { ListServices = "" }, Cancel);
        await call.RequestStream.CompleteAsync();
        Assert.True(await call.ResponseStream.MoveNext(Cancel));

        Assert.Contains(call.ResponseStream.Current.ListServicesResponse.Service, service => service.Name == "cluster.v1.Resources");
    }

    private static ResourceRef Ref(string name) => new() { Version = "v1", Resource = "configmaps", Namespace = "default", Name = name };

    private async Task<List<ListReply>> ListAsync(ListRequest request)
    {
        using var call = _client.List(request, cancellationToken: Cancel);
        List<ListReply> replies = [];
        while (await call.ResponseStream.MoveNext(Cancel))
            replies.Add(call.ResponseStream.Current);
        return replies;
    }

    private async Task<ConfigMap> CreateAsync(string name, string key, string value, string size = "small")
    {
        var map = new ConfigMap { Metadata = new ObjectMeta { Name = name, Labels = { ["size"] = size } }, Data = { [key] = value } };
        return Open((await _client.CreateAsync(new WriteRequest { Ref = Ref(""), Object = Wrap(map) }, cancellationToken: Cancel)).Object);
    }

    private static ByteString Wrap(ConfigMap map) => ByteString.CopyFrom(Envelope.Encode(map, "v1", "ConfigMap"));

    private static ConfigMap Open(ByteString bytes) => Envelope.Decode<ConfigMap>(bytes.Memory);

    private static async Task<(StatusCode Code, ApiStatus Status)> FailureAsync(Task call)
    {
        var failure = await Assert.ThrowsAsync<RpcException>(() => call);
        var status = failure.Trailers.GetValueBytes("kubernetes-status-bin");
        Assert.NotNull(status);
        return (failure.StatusCode, ApiStatus.Parser.ParseFrom(status));
    }
}

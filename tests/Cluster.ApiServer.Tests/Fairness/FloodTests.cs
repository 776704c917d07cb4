using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using Cluster.Api.ResourceV1;
using Cluster.ApiServer.Tests.Hosting;
using Cluster.Testing;
using Grpc.Core;

namespace Cluster.ApiServer.Tests.Fairness;

/// <summary>A real server with small bounds and a client that takes all it can get: so much it gets and no more, and another goes on.</summary>
[Collection(nameof(Alone))]
public sealed class FloodTests(FloodTests.Fixture fixture) : IClassFixture<FloodTests.Fixture>
{
    /// <summary>Of 60 seats in all, the level of people has 5, and one of them 4.</summary>
    private const int SeatsOfOne = 4;

    private const int Asked = 30;
    private const int MaxConnections = 120;

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private ApiServerRig Rig => fixture.Rig;

    [Fact]
    public async Task SlowBodies_HoldTheSeatsOfOneFlow_UntilTheirTimeIsOver()
    {
        using var greedy = As("greedy");
        using var polite = As("polite");
        var bodies = Enumerable.Range(0, Asked).Select(_ => new NeverEnding()).ToList();
        var slow = bodies.Select(body => SendAsync(greedy, HttpMethod.Post, "/api/v1/namespaces/default/configmaps", body)).ToList();
        // Those that have a seat are asked for their bodies; the others wait for one and are sent away.
        await CountAsync(slow, answer => answer.Code == HttpStatusCode.TooManyRequests, Asked - SeatsOfOne);
        for (var i = 0; i < 20; i++)
            Assert.Equal(HttpStatusCode.OK, (await SendAsync(polite, HttpMethod.Get, "/api/v1/namespaces/default/configmaps/one")).Code);
        Assert.InRange(slow.Count(task => !task.IsCompleted), 0, SeatsOfOne);

        var answers = await Task.WhenAll(slow);
        Assert.All(answers.Where(answer => answer.Code == HttpStatusCode.TooManyRequests), answer => Assert.Equal(("1", "TooManyRequests"), (answer.RetryAfter, (string?)answer.Body?["reason"])));
        // Out of time: told so, or cut off by the least rate a body may have.
        Assert.All(answers.Where(answer => answer.Code != HttpStatusCode.TooManyRequests), answer => Assert.True((int)answer.Code is 504 or 408 or 0, $"{answer.Code}"));
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(greedy, HttpMethod.Get, "/api/v1/namespaces/default/configmaps/one")).Code);
    }

    [Fact]
    public async Task HugeListsThatNobodyReads_HoldTheSeatsOfOneFlow_AndAreCutOff()
    {
        using var greedy = As("greedy");
        using var polite = As("polite");
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var lists = Enumerable.Range(0, Asked).Select(_ => SendAsync(greedy, HttpMethod.Get, "/api/v1/namespaces/huge/configmaps", reads: false)).ToList();
        await CountAsync(lists, answer => answer.Code == HttpStatusCode.TooManyRequests, Asked - SeatsOfOne);
        for (var i = 0; i < 20; i++)
            Assert.Equal(HttpStatusCode.OK, (await SendAsync(polite, HttpMethod.Get, "/api/v1/namespaces/default/configmaps/one")).Code);
        // One copy of what is listed in each form, however many ask, and what is under way to each.
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, 4 * Fixture.HugeBytes);

        // The server gives up at the end of their time.
        await Eventually.True(async () => (await SendAsync(greedy, HttpMethod.Get, "/api/v1/namespaces/default/configmaps/one")).Code == HttpStatusCode.OK);
        var answers = await Task.WhenAll(lists);
        foreach (var answer in answers.Where(answer => answer.Response is not null))
        {
            using (answer.Response)
                await Assert.ThrowsAnyAsync<Exception>(async () => await (await answer.Response!.Content.ReadAsStreamAsync(Cancel)).CopyToAsync(Stream.Null, Cancel));
        }
    }

    [Fact]
    public async Task WatchesFromTheBeginning_TakeSeatsUntilTheyHaveTheState()
    {
        const string Watch = "/api/v1/namespaces/huge/configmaps?watch=true";
        using var greedy = As("greedy");
        using var polite = As("polite");
        var unread = Enumerable.Range(0, Asked).Select(_ => SendAsync(greedy, HttpMethod.Get, Watch, reads: false)).ToList();
        await CountAsync(unread, answer => answer.Code == HttpStatusCode.TooManyRequests, Asked - SeatsOfOne);
        for (var i = 0; i < 20; i++)
            Assert.Equal(HttpStatusCode.OK, (await SendAsync(polite, HttpMethod.Get, "/api/v1/namespaces/default/configmaps/one")).Code);
        foreach (var answer in (await Task.WhenAll(unread)).Where(answer => answer.Response is not null))
            answer.Response!.Dispose();

        // Those that go on with changes alone have given theirs back.
        List<HttpResponseMessage> open = [];
        for (var i = 0; i < 3 * SeatsOfOne; i++)
        {
            var answer = await SendAsync(polite, HttpMethod.Get, Watch, reads: false);
            open.Add(answer.Response!);
            using var lines = new StreamReader(await answer.Response!.Content.ReadAsStreamAsync(Cancel), leaveOpen: true);
            for (var read = 0; read < Fixture.Objects; read++)
                Assert.Contains("ADDED", await lines.ReadLineAsync(Cancel), StringComparison.Ordinal);
        }

        open.ForEach(response => response.Dispose());
    }

    [Fact]
    public async Task HandshakesThatDoNotGoOn_AreInNobodysWay()
    {
        var hello = await HelloAsync();
        List<Socket> silent = [];
        try
        {
            for (var i = 0; i < MaxConnections / 3; i++)
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                silent.Add(socket);
                await socket.ConnectAsync(IPAddress.Loopback, Rig.Url.Port, Cancel);
                // Whole, half, none.
                await socket.SendAsync(hello.AsMemory(0, hello.Length * (i % 3) / 2), Cancel);
            }

            using var client = As("polite");
            Assert.Equal(HttpStatusCode.OK, (await SendAsync(client, HttpMethod.Get, "/api/v1/namespaces/default/configmaps/one")).Code);
            Assert.All(silent, socket => Assert.True(IsOpen(socket)));
        }
        finally
        {
            silent.ForEach(socket => socket.Dispose());
        }
    }

    // What a client begins a handshake with.
    private async Task<byte[]> HelloAsync()
    {
        var pipe = new System.IO.Pipelines.Pipe();
        await using var tls = new System.Net.Security.SslStream(new OneWay(pipe.Writer.AsStream()));
        var handshake = tls.AuthenticateAsClientAsync(Rig.Url.Host);
        var read = await pipe.Reader.ReadAtLeastAsync(100, Cancel);
        await handshake.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        return System.Buffers.BuffersExtensions.ToArray(read.Buffer);
    }

    private sealed class OneWay(Stream written) : Stream
    {
        public override bool CanRead => true;

        public override bool CanSeek => false;

        public override bool CanWrite => true;

        public override long Length => throw new NotSupportedException();

        public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

        public override void Flush() => written.Flush();

        public override Task FlushAsync(CancellationToken cancellationToken) => written.FlushAsync(cancellationToken);

        public override int Read(byte[] buffer, int offset, int count) => 0;

        public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

        public override void SetLength(long value) => throw new NotSupportedException();

        public override void Write(byte[] buffer, int offset, int count) => written.Write(buffer, offset, count);

        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default) => written.WriteAsync(buffer, cancellationToken);
    }

    [Fact]
    public async Task Flood_OfOneUser_IsAnsweredOrToldToComeBack_AndAnotherIsAnswered()
    {
        using var greedy = As("greedy");
        using var polite = As("polite");
        var flood = Enumerable.Range(0, 3_000).Select(_ => SendAsync(greedy, HttpMethod.Get, "/api/v1/namespaces/huge/configmaps?limit=5")).ToList();
        for (var i = 0; i < 50; i++)
            Assert.Equal(HttpStatusCode.OK, (await SendAsync(polite, HttpMethod.Get, "/api/v1/namespaces/default/configmaps/one")).Code);

        var codes = (await Task.WhenAll(flood)).CountBy(answer => (int)answer.Code).ToDictionary();
        Assert.Equal([200, 429], codes.Keys.Order());
    }

    [Fact]
    public async Task Connections_BeyondThoseOfOneAddress_AreClosed_AndWhoIsConnectedGoesOn()
    {
        var connections = new List<Socket>();
        try
        {
            using var own = As("polite");
            Assert.Equal(HttpStatusCode.OK, (await SendAsync(own, HttpMethod.Get, "/api/v1/namespaces/default/configmaps/one")).Code);
            for (var i = 0; i < 10 * MaxConnections; i++)
            {
                var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
                connections.Add(socket);
                try
                {
                    await socket.ConnectAsync(IPAddress.Loopback, Rig.Url.Port, Cancel);
                }
                catch (SocketException reset) when (reset.SocketErrorCode == SocketError.ConnectionReset)
                {
                    // Closed so soon.
                }
            }

            await Eventually.True(() => Task.FromResult(connections.Count(IsOpen) <= MaxConnections / 2));
            Assert.InRange(connections.Count(IsOpen), 1, MaxConnections / 2);
            for (var i = 0; i < 20; i++)
                Assert.Equal(HttpStatusCode.OK, (await SendAsync(own, HttpMethod.Get, "/api/v1/namespaces/default/configmaps/one")).Code);
        }
        finally
        {
            connections.ForEach(connection => connection.Dispose());
        }

        // They are gone, and their places free.
        using var next = As("polite");
        await Eventually.True(async () => (await SendAsync(next, HttpMethod.Get, "/api/v1/namespaces/default/configmaps/one")).Code == HttpStatusCode.OK);
    }

    [Fact]
    public async Task Headers_BeyondTheLimit_AreRefused()
    {
        using var client = As("polite");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/namespaces/default/configmaps/one") { Version = HttpVersion.Version11 };
        for (var i = 0; i < 40; i++)
            request.Headers.TryAddWithoutValidation($"X-{i}", new string('x', 4_000));
        var code = 0;
        try
        {
            using var response = await client.SendAsync(request, Cancel);
            code = (int)response.StatusCode;
        }
        catch (HttpRequestException)
        {
            // The server closed before it was all sent.
        }

        Assert.True(code is 0 or 431, $"{code}");
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(client, HttpMethod.Get, "/api/v1/namespaces/default/configmaps/one")).Code);
    }

    [Fact]
    public async Task Message_OfACallWithoutObject_IsBounded()
    {
        var grpc = new Resources.ResourcesClient(Rig.AdminChannel);
        var where = new ResourceRef { Version = "v1", Resource = "configmaps", Namespace = "default", Name = "one" };
        var refused = await Assert.ThrowsAsync<RpcException>(async () => await grpc.GetAsync(new GetRequest { Ref = where, ResourceVersion = new string('1', 70 << 10) }, cancellationToken: Cancel));

        Assert.Equal(
            (StatusCode.ResourceExhausted, "Received message exceeds the maximum configured message size: limit is 65541"), (refused.StatusCode, refused.Status.Detail));
        var body = new WriteRequest { Ref = where, Object = Google.Protobuf.ByteString.CopyFrom(new byte[4 << 20]) };
        var large = await Assert.ThrowsAsync<RpcException>(async () => await grpc.UpdateAsync(body, cancellationToken: Cancel));
        Assert.Equal(StatusCode.ResourceExhausted, large.StatusCode);
        Assert.NotEmpty((await grpc.GetAsync(new GetRequest { Ref = where }, cancellationToken: Cancel)).Object);
    }

    [Fact]
    public async Task Body_BeyondTheLimit_IsRefusedWithoutBeingRead()
    {
        using var client = As("polite");
        using var body = new ByteArrayContent(new byte[4 << 20]);
        body.Headers.ContentType = new("application/json");
        var answer = await SendAsync(client, HttpMethod.Post, "/api/v1/namespaces/default/configmaps", body);
        Assert.True((int)answer.Code is 413 or 0, $"{answer.Code}");
        Assert.Equal(HttpStatusCode.OK, (await SendAsync(client, HttpMethod.Get, "/api/v1/namespaces/default/configmaps/one")).Code);
    }

    // A closed connection is readable, and there is nothing to read.
    private static bool IsOpen(Socket socket)
    {
        try
        {
            return socket.Connected && !(socket.Poll(0, SelectMode.SelectRead) && socket.Available == 0);
        }
        catch (SocketException)
        {
            return false;
        }
    }

    private static Task CountAsync(List<Task<Answer>> tasks, Func<Answer, bool> what, int count) =>
        Eventually.True(async () =>
        {
            var counted = 0;
            foreach (var task in tasks.Where(task => task.IsCompletedSuccessfully))
                counted += what(await task) ? 1 : 0;
            return counted == count;
        }, $"{count} such answers of {string.Join(' ', tasks.CountBy(task => task.Status))}");

    private HttpClient As(string user)
    {
        var handler = Rig.Handler("admin");
        // A connection of its own for each request that is under way over HTTP/1.1; these are spared by HTTP/2.
        handler.EnableMultipleHttp2Connections = true;
        var client = new HttpClient(handler) { BaseAddress = Rig.Url, DefaultRequestVersion = HttpVersion.Version20, Timeout = TimeSpan.FromMinutes(2) };
        client.DefaultRequestHeaders.Add("Impersonate-User", user);
        client.DefaultRequestHeaders.Add("Impersonate-Group", "testers");
        return client;
    }

    private static async Task<Answer> SendAsync(HttpClient client, HttpMethod method, string path, HttpContent? body = null, bool reads = true)
    {
        using var request = new HttpRequestMessage(method, path) { Version = HttpVersion.Version20, Content = body };
        try
        {
            var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Cancel);
            var retryAfter = response.Headers.RetryAfter?.ToString();
            if (response.IsSuccessStatusCode && !reads)
                return new Answer(response.StatusCode, retryAfter, null, response);
            using (response)
            {
                var text = await response.Content.ReadAsStringAsync(Cancel);
                return new Answer(response.StatusCode, retryAfter, text.StartsWith('{') ? JsonNode.Parse(text) : null, null);
            }
        }
        catch (Exception error) when (error is HttpRequestException or IOException or TaskCanceledException)
        {
            // Cut off.
            return new Answer(0, null, null, null);
        }
    }

    private sealed record Answer(HttpStatusCode Code, string? RetryAfter, JsonNode? Body, HttpResponseMessage? Response);

    /// <summary>A body that begins and does not go on.</summary>
    private sealed class NeverEnding : HttpContent
    {
        public NeverEnding() => Headers.ContentType = new("application/json");

        protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) => SerializeToStreamAsync(stream, context, default);

        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
        {
            await stream.WriteAsync("{"u8.ToArray(), cancellationToken);
            await stream.FlushAsync(cancellationToken);
            // The answer ends it.
            await Task.Delay(Timeout.Infinite, cancellationToken).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }

    /// <summary>A server with small bounds and a namespace of 20 MB.</summary>
    public sealed class Fixture : IAsyncLifetime
    {
        public const int Objects = 200;
        private const int ObjectBytes = 100_000;

        public const long HugeBytes = Objects * ObjectBytes;

        public ApiServerRig Rig { get; } = new()
        {
            Configure = options => options with
            {
                MaxRequestsInFlight = 60, QueueTimeout = TimeSpan.FromSeconds(1), RequestTimeout = TimeSpan.FromSeconds(8), MaxConnections = MaxConnections,
            },
        };

        public async ValueTask InitializeAsync()
        {
            await Rig.InitializeAsync();
            await PostAsync("/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", """{"metadata":{"name":"testers"},"roleRef":{"apiGroup":"rbac.authorization.k8s.io","kind":"ClusterRole","name":"cluster-admin"},"subjects":[{"kind":"Group","apiGroup":"rbac.authorization.k8s.io","name":"testers"}]}""");
            await PostAsync("/api/v1/namespaces", """{"metadata":{"name":"huge"}}""");
            await PostAsync("/api/v1/namespaces/default/configmaps", """{"metadata":{"name":"one"}}""");
            var data = new string('x', ObjectBytes);
            await Parallel.ForAsync(0, Objects, Cancel, async (i, _) => await PostAsync("/api/v1/namespaces/huge/configmaps", $$$"""{"metadata":{"name":"m{{{i}}}"},"data":{"a":"{{{data}}}"}}"""));
            // Encoded once for all.
            await Rig.Admin.GetByteArrayAsync("/api/v1/namespaces/huge/configmaps", Cancel);
        }

        public ValueTask DisposeAsync() => Rig.DisposeAsync();

        private async Task PostAsync(string path, string body)
        {
            using var content = new StringContent(body, Encoding.UTF8, "application/json");
            using var response = await Rig.Admin.PostAsync(path, content, Cancel);
            Assert.True(response.StatusCode == HttpStatusCode.Created, $"{path}: {response.StatusCode}");
        }
    }
}

using System.Buffers.Binary;
using System.Text;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.Json;
using Cluster.Api.Protobuf;
using Cluster.Client.Tests.Server;
using Cluster.Testing;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;

namespace Cluster.Client.Tests.Rest;

public sealed class RestApiClientTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task GetAsync_EitherFormat_ReadsTheObject(bool protobuf)
    {
        var pod = Make.Pod("a");
        await using var server = await TestServer.StartAsync(context =>
        {
            Assert.Equal("/api/v1/namespaces/default/pods/a", context.Request.Path);
            Assert.Equal("HTTP/2", context.Request.Protocol);
            return protobuf
                ? Write(context, Envelope.Encode(pod, "v1", "Pod"), Envelope.MediaType)
                : Write(context, JsonCodec.EncodeToBytes(pod), "application/json");
        });
        using var client = new RestApiClient(server.Connection);

        Assert.Equal(pod, await client.GetAsync<Pod>("default", "a", Cancel));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task CreateAsync_EitherFormat_SendsAndReadsTheObject(bool protobuf)
    {
        var pod = Make.Pod("a");
        await using var server = await TestServer.StartAsync(async context =>
        {
            Assert.Equal("POST", context.Request.Method);
            Assert.Equal("/api/v1/namespaces/default/pods", context.Request.Path);
            var body = await ReadAsync(context);
            var read = protobuf ? Pod.Parser.ParseFrom(Envelope.Decode(body).Raw) : JsonCodec.Decode<Pod>(body);
            Assert.Equal(protobuf ? Envelope.MediaType : "application/json", context.Request.ContentType);
            context.Response.StatusCode = 201;
            await Write(context, JsonCodec.EncodeToBytes(read), "application/json");
        });
        using var client = new RestApiClient(server.Connection, new() { ProtobufBodies = protobuf });

        Assert.Equal(pod, await client.CreateAsync(pod, Cancel));
    }

    [Fact]
    public async Task ListAsync_Page_ReadsItemsVersionAndContinue()
    {
        await using var server = await TestServer.StartAsync(context =>
        {
            Assert.Equal("/apis/apps/v1/deployments", context.Request.Path);
            Assert.Equal("?labelSelector=app%3Dweb&limit=2&continue=x", context.Request.QueryString.Value);
            return WriteJson(context, """
                {"kind":"DeploymentList","apiVersion":"apps/v1","metadata":{"resourceVersion":"7","continue":"more"},
                 "items":[{"metadata":{"name":"a"}},{"metadata":{"name":"b"}}]}
                """);
        });
        using var client = new RestApiClient(server.Connection);

        var list = await client.ListAsync<Api.AppsV1.Deployment>(null, new() { LabelSelector = "app=web", Limit = 2, Continue = "x" }, Cancel);

        Assert.Equal(["a", "b"], list.Items.Select(item => item.Metadata.Name));
        Assert.Equal(("7", "more"), (list.ResourceVersion, list.Continue));
    }

    [Fact]
    public async Task WatchAsync_Json_ReadsEventsAcrossPacketsUntilTheEnd()
    {
        await using var server = await TestServer.StartAsync(async context =>
        {
            Assert.Equal("?resourceVersion=5&watch=true&allowWatchBookmarks=true", context.Request.QueryString.Value);
            context.Response.ContentType = "application/json";
            await Part(context, """{"type":"ADDED","object":{"kind":"Pod","apiVersion":"v1","metadata":{"name":"a\n"}}}""" + "\n{\"type\":\"MOD");
            await Part(context, """IFIED","object":{"metadata":{"name":"b"}}}""" + "\n");
            await Part(context, """{"object":{"metadata":{"resourceVersion":"9"}},"type":"BOOKMARK"}""" + "\n");
            await Part(context, """{"type":"DELETED","object":{"metadata":{"name":"b"}}}""" + "\n");
        });
        using var client = new RestApiClient(server.Connection);

        var seen = await client.WatchAsync<Pod>("default", new() { ResourceVersion = "5", AllowBookmarks = true }, Cancel).ToListAsync(Cancel);

        Assert.Equal(
            [ResourceEventType.Added, ResourceEventType.Modified, ResourceEventType.Bookmark, ResourceEventType.Deleted], seen.Select(e => e.Type));
        Assert.Equal("9", seen[2].Object.Metadata.ResourceVersion);
        Assert.Equal("a\n", seen[0].Object.Metadata.Name);
    }

    [Fact]
    public async Task WatchAsync_Protobuf_ReadsLengthPrefixedEvents()
    {
        await using var server = await TestServer.StartAsync(async context =>
        {
            context.Response.ContentType = Envelope.MediaType + ";stream=watch";
            foreach (var name in (string[])["a", "b"])
            {
                var change = new Api.MetaV1.WatchEvent
                {
                    Type = "ADDED",
                    Object = new() { Raw = ByteString.CopyFrom(Envelope.Encode(Make.Pod(name), "v1", "Pod")) },
                };
                var length = new byte[4];
                BinaryPrimitives.WriteInt32BigEndian(length, change.CalculateSize());
                await context.Response.Body.WriteAsync(length);
                await context.Response.Body.WriteAsync(change.ToByteArray());
                await context.Response.Body.FlushAsync();
            }
        });
        using var client = new RestApiClient(server.Connection);

        var seen = await client.WatchAsync<Pod>(null, ListQuery.All, Cancel).ToListAsync(Cancel);

        Assert.Equal(["a", "b"], seen.Select(e => e.Object.Metadata.Name));
    }

    [Fact]
    public async Task WatchAsync_ErrorEvent_ThrowsItsStatus()
    {
        await using var server = await TestServer.StartAsync(context => WriteJson(
            context,
            """{"type":"ERROR","object":{"kind":"Status","apiVersion":"v1","status":"Failure","message":"too old","reason":"Expired","code":410}}""" + "\n"));
        using var client = new RestApiClient(server.Connection);

        var error = await Assert.ThrowsAsync<StatusException>(async () => await client.WatchAsync<Pod>(null, ListQuery.All, Cancel).ToListAsync(Cancel));

        Assert.True(error.IsGone);
    }

    [Fact]
    public async Task WatchAsync_EventTooLarge_Fails()
    {
        await using var server = await TestServer.StartAsync(context => WriteJson(context, new string('x', 5000)));
        using var client = new RestApiClient(server.Connection, new() { MaxWatchEventBytes = 1000 });

        await Assert.ThrowsAsync<IOException>(async () => await client.WatchAsync<Pod>(null, ListQuery.All, Cancel).ToListAsync(Cancel));
    }

    [Fact]
    public async Task GetAsync_StatusAnswer_ThrowsIt()
    {
        await using var server = await TestServer.StartAsync(context =>
        {
            context.Response.StatusCode = 404;
            return Write(context, JsonCodec.EncodeToBytes(StatusErrors.NotFound(ResourceCatalog.For<Pod>(), "a").Status), "application/json");
        });
        using var client = new RestApiClient(server.Connection);

        var error = await Assert.ThrowsAsync<StatusException>(() => client.GetAsync<Pod>("default", "a", Cancel));

        Assert.True(error.IsNotFound);
        Assert.Equal("pods \"a\" not found", error.Message);
    }

    [Fact]
    public async Task GetAsync_ForeignErrorPage_ThrowsAStatusOfItsCode()
    {
        await using var server = await TestServer.StartAsync(context =>
        {
            context.Response.StatusCode = 502;
            return Write(context, Encoding.UTF8.GetBytes("<html>bad gateway"), "text/html");
        });
        using var client = new RestApiClient(server.Connection);

        var error = await Assert.ThrowsAsync<StatusException>(() => client.GetAsync<Pod>("default", "a", Cancel));

        Assert.Equal((502, "<html>bad gateway"), (error.Code, error.Message));
    }

    [Fact]
    public async Task GetAsync_TooManyRequests_TriesAgainAfterTheTimeAsked()
    {
        var requests = 0;
        var time = new Microsoft.Extensions.Time.Testing.FakeTimeProvider();
        await using var server = await TestServer.StartAsync(context =>
        {
            if (Interlocked.Increment(ref requests) == 1)
            {
                context.Response.StatusCode = 429;
                context.Response.Headers.RetryAfter = "7";
                return Task.CompletedTask;
            }

            return WriteJson(context, """{"metadata":{"name":"a"}}""");
        });
        using var client = new RestApiClient(server.Connection, new() { Time = time });

        var getting = client.GetAsync<Pod>("default", "a", Cancel);
        await Testing.Eventually.True(() =>
        {
            time.Advance(TimeSpan.FromSeconds(1));
            return getting.IsCompleted;
        });

        Assert.Equal("a", (await getting).Metadata.Name);
        Assert.Equal(2, requests);
        Assert.True(time.GetUtcNow() - time.Start >= TimeSpan.FromSeconds(7));
    }

    [Fact]
    public async Task GetAsync_AnswerTooLarge_Fails()
    {
        await using var server = await TestServer.StartAsync(context => WriteJson(context, new string(' ', 5000)));
        using var client = new RestApiClient(server.Connection, new() { MaxResponseBytes = 1000 });

        await Assert.ThrowsAsync<IOException>(() => client.GetAsync<Pod>("default", "a", Cancel));
    }

    [Fact]
    public async Task GetAsync_NoAnswer_FailsAtTheDeadline()
    {
        await using var server = await TestServer.StartAsync(context => Task.Delay(Timeout.Infinite, context.RequestAborted));
        using var client = new RestApiClient(server.Connection, new() { Deadline = TimeSpan.FromMilliseconds(200) });

        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync<Pod>("default", "a", Cancel));
    }

    [Fact]
    public async Task GetAsync_OtherAuthority_IsRefused()
    {
        await using var server = await TestServer.StartAsync(context => WriteJson(context, "{}"));
        using var stranger = new TestAuthority();
        using var client = new RestApiClient(server.Connection with { Authorities = [stranger.Certificate] });
        using var trusting = new RestApiClient(server.Connection with { Authorities = [stranger.Certificate], InsecureSkipTlsVerify = true });

        await Assert.ThrowsAsync<HttpRequestException>(() => client.GetAsync<Pod>("default", "a", Cancel));
        await trusting.GetAsync<Pod>("default", "a", Cancel);
    }

    [Fact]
    public async Task GetAsync_ClientCertificateAndToken_ArePresented()
    {
        await using var server = await TestServer.StartAsync(async context =>
        {
            var certificate = await context.Connection.GetClientCertificateAsync();
            await WriteJson(context, $$$"""{"metadata":{"name":"{{{certificate?.Subject}}} {{{context.Request.Headers.Authorization}}}"}}""");
        });
        using var certificate = server.IssueClientCertificate("alice");
        using var client = new RestApiClient(server.Connection with { ClientCertificate = certificate, Token = new FixedToken("secret") });

        Assert.Equal("CN=alice Bearer secret", (await client.GetAsync<Pod>("default", "a", Cancel)).Metadata.Name);
    }

    [Fact]
    public async Task BindAsync_Pod_PostsABinding()
    {
        Binding? sent = null;
        await using var server = await TestServer.StartAsync(async context =>
        {
            Assert.Equal("/api/v1/namespaces/default/pods/a/binding", context.Request.Path);
            sent = JsonCodec.Decode<Binding>(await ReadAsync(context));
            context.Response.StatusCode = 201;
            await WriteJson(context, """{"kind":"Status","apiVersion":"v1","status":"Success","code":201}""");
        });
        using var client = new RestApiClient(server.Connection);

        await client.BindAsync("default", "a", "n1", "u", Cancel);

        Assert.Equal(("Node", "n1", "u"), (sent!.Target.Kind, sent.Target.Name, sent.Metadata.Uid));
    }

    [Fact]
    public async Task DeleteAsync_Preconditions_AreSent()
    {
        Api.MetaV1.DeleteOptions? sent = null;
        await using var server = await TestServer.StartAsync(async context =>
        {
            Assert.Equal("DELETE", context.Request.Method);
            sent = JsonCodec.Decode<Api.MetaV1.DeleteOptions>(await ReadAsync(context));
            await WriteJson(context, """{"kind":"Status","apiVersion":"v1","status":"Success"}""");
        });
        using var client = new RestApiClient(server.Connection);

        await client.DeleteAsync<Pod>("default", "a", new() { GracePeriodSeconds = 0, Preconditions = new() { Uid = "u" } }, Cancel);

        Assert.True(sent!.HasGracePeriodSeconds);
        Assert.Equal("u", sent.Preconditions.Uid);
    }

    private static Task WriteJson(HttpContext context, string json) => Write(context, Encoding.UTF8.GetBytes(json), "application/json");

    private static async Task Write(HttpContext context, byte[] body, string type)
    {
        context.Response.ContentType = type;
        await context.Response.Body.WriteAsync(body);
    }

    private static async Task Part(HttpContext context, string text)
    {
        await context.Response.WriteAsync(text);
        await context.Response.Body.FlushAsync();
    }

    private static async Task<byte[]> ReadAsync(HttpContext context)
    {
        using var body = new MemoryStream();
        await context.Request.Body.CopyToAsync(body);
        return body.ToArray();
    }
}

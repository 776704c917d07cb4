using System.Buffers.Binary;
using System.Collections.Concurrent;
using Cluster.Api;
using Cluster.Api.DiscoveryV1;
using Cluster.Api.Protobuf;
using Cluster.Client.Tests.Server;
using Cluster.Testing;
using Google.Protobuf;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Client.Tests.Rest;

/// <summary>What API servers of other makes and ages do to a watcher: cut connections, bookmarks, versions gone, kinds in an older version.</summary>
public sealed class StockServerTests
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Informer_CutBookmarkedAndGone_ResumesWhereItWasAndListsAgain()
    {
        var asked = new ConcurrentQueue<string>();
        await using var server = await TestServer.StartAsync(async context =>
        {
            var query = context.Request.Query;
            var watch = query["watch"] == "true";
            asked.Enqueue(watch ? $"watch {query["resourceVersion"]}" : "list");
            switch (asked.Count)
            {
                case 1:
                    await List(context, "10", Slice("a", "5"));
                    break;
                case 2:
                    await Event(context, "ADDED", Slice("b", "11"));
                    await Event(context, "BOOKMARK", new EndpointSlice { Metadata = new() { ResourceVersion = "20" } });
                    // The connection ends in the middle of an event.
                    await context.Response.Body.WriteAsync(new byte[] { 0, 0, 1, 0, 7 });
                    break;
                case 3:
                    var gone = StatusErrors.Expired("too old resource version: 20 (30)").Status;
                    await Event(context, "ERROR", Envelope.Encode(gone, "v1", "Status"));
                    break;
                case 4:
                    await List(context, "40", Slice("a", "5"), Slice("c", "31"));
                    break;
                default:
                    await Task.Delay(Timeout.Infinite, context.RequestAborted);
                    break;
            }
        });
        using var client = new RestApiClient(server.Connection);
        var informer = new Informer<EndpointSlice>(client, null, ListQuery.All, NullLogger.Instance);
        var told = new ConcurrentQueue<string>();
        informer.AddHandler((old, current) => told.Enqueue(current is null ? "-" + old!.Metadata.Name : (old is null ? "+" : "=") + current.Metadata.Name));
        using var stop = new CancellationTokenSource();
        var running = informer.RunAsync(stop.Token);

        await Eventually.True(() => asked.Count >= 5, "the second watch after the second list");
        await Eventually.True(() => told.Count >= 4);

        Assert.Equal(["list", "watch 10", "watch 20", "list", "watch 40"], asked.Take(5));
        Assert.Equal(["+a", "+b", "+c", "-b"], told.Take(4));
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task List_ServerWithTheOlderVersionAlone_IsAskedForThatAndRead()
    {
        var asked = new ConcurrentQueue<string>();
        await using var server = await TestServer.StartAsync(async context =>
        {
            asked.Enqueue(context.Request.Path);
            if (context.Request.Path.Value!.Contains("/v1/", StringComparison.Ordinal))
            {
                context.Response.StatusCode = 404;
                await context.Response.WriteAsync("404 page not found\n");
                return;
            }

            var slice = Slice("a", "5");
            slice.Endpoints.Add(new Api.DiscoveryV1.Endpoint { Addresses = { "10.0.0.1" }, DeprecatedTopology = { ["kubernetes.io/hostname"] = "node-a", ["topology.kubernetes.io/zone"] = "west" } });
            if (context.Request.Query["watch"] == "true") await Event(context, "ADDED", slice);
            else await List(context, "10", slice);
        });
        using var client = new RestApiClient(server.Connection);

        var listed = (await client.ListAsync<EndpointSlice>(null, ListQuery.All, Cancel)).Items.Single();
        var watched = (await client.WatchAsync<EndpointSlice>(null, new() { ResourceVersion = "10" }, Cancel).ToListAsync(Cancel)).Single().Object;

        const string older = "/apis/discovery.k8s.io/v1beta1/endpointslices";
        Assert.Equal(["/apis/discovery.k8s.io/v1/endpointslices", older, older], asked);
        Assert.Equal([("node-a", "west"), ("node-a", "west")], ((EndpointSlice[])[listed, watched]).Select(slice => (slice.Endpoints[0].NodeName, slice.Endpoints[0].Zone)));
    }

    private static EndpointSlice Slice(string name, string version) => new() { Metadata = new() { Name = name, Namespace = "default", ResourceVersion = version }, AddressType = "IPv4" };

    private static async Task List(HttpContext context, string version, params EndpointSlice[] items)
    {
        var list = new EndpointSliceList { Metadata = new() { ResourceVersion = version }, Items = { items } };
        context.Response.ContentType = Envelope.MediaType;
        await context.Response.Body.WriteAsync(Envelope.Encode(list, "discovery.k8s.io/v1", "EndpointSliceList"));
    }

    private static Task Event(HttpContext context, string type, EndpointSlice slice) => Event(context, type, Envelope.Encode(slice, "discovery.k8s.io/v1", "EndpointSlice"));

    private static async Task Event(HttpContext context, string type, byte[] envelope)
    {
        if (!context.Response.HasStarted) context.Response.ContentType = Envelope.MediaType + ";stream=watch";
        var change = new Api.MetaV1.WatchEvent { Type = type, Object = new() { Raw = ByteString.CopyFrom(envelope) } };
        var length = new byte[4];
        BinaryPrimitives.WriteInt32BigEndian(length, change.CalculateSize());
        await context.Response.Body.WriteAsync(length);
        await context.Response.Body.WriteAsync(change.ToByteArray());
        await context.Response.Body.FlushAsync();
    }
}

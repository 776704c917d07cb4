using System.Net;
using System.Net.Sockets;
using System.Text;
using Cluster.ApiServer.Tests.Hosting;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.ApiServer.Tests.Crowd;

/// <summary>A thousand watches over TLS, half of them streams of HTTP/2, half connections of HTTP/1.1; every tenth client never reads.</summary>
[Collection(nameof(Alone))]
public sealed class WatcherCrowdTests : IAsyncLifetime
{
    // Nobody else in this process watches them, so that the process's counters tell of this test alone.
    private const string Classes = "/apis/scheduling.k8s.io/v1/priorityclasses";
    private const string Mark = "example.com/tick";
    private const int Readers = 900;
    private const int Stuck = 100;
    private const int Bulk = 300;
    private const int BulkBytes = 40_000;
    private const int Ticks = 20;

    // What one stuck client may cost: twice Kestrel's pipe, what its own end of the connection holds (it is in this process too), and
    // room for what a thousand requests leave behind. All the events it does not read are 12 MB.
    private const long BytesPerStuck = 640 * 1024;

    private readonly FakeTimeProvider _time = new(TimeProvider.System.GetUtcNow());
    private readonly ApiServerRig _rig;
    private readonly List<IDisposable> _clients = [];

    public WatcherCrowdTests() => _rig = new ApiServerRig { Time = _time };

    public ValueTask InitializeAsync() => _rig.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        _clients.ForEach(client => client.Dispose());
        await _rig.DisposeAsync();
    }

    [Fact]
    public async Task Watch_AThousandClientsOfWhomAHundredNeverRead_TheOthersSeeAllAndTheStuckAreClosed()
    {
        await PostAsync("ticker", Mark, "0");
        foreach (var i in Enumerable.Range(0, Bulk))
            await PostAsync($"bulk-{i}", "example.com/bulk", new string('x', BulkBytes));

        var version = await TickAsync(0);
        var readers = await OpenAsync(Readers, $"{Classes}?watch=true&fieldSelector=metadata.name%3Dticker&resourceVersion={version}");
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var stuck = await OpenAsync(Stuck, $"{Classes}?watch=true");

        await TickAndReadAsync(readers, from: 1);
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, Stuck * BytesPerStuck);
        Assert.Equal(0, await TerminatedAsync());

        // Patience ends, then grace: a client that does not take the reason either is cut off.
        await AdvanceUntilAsync(TerminatedAsync, Stuck);
        await AdvanceUntilAsync(RegisteredAsync, Readers);
        await Task.WhenAll(stuck.Select(watcher => watcher.ReadToEndAsync())).WaitAsync(TimeSpan.FromSeconds(60));

        await TickAndReadAsync(readers, from: Ticks + 1);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task Watch_AStuckClientThatWakesUp_ReadsWhatItHadAndTheReason(int version)
    {
        foreach (var i in Enumerable.Range(0, Bulk))
            await PostAsync($"bulk-{i:000}", "example.com/bulk", new string('x', BulkBytes));
        using var watcher = await CrowdWatcher.OpenAsync(Client(new Version(version, version == 1 ? 1 : 0)), $"{Classes}?watch=true");
        var before = await TerminatedAsync();
        await AdvanceUntilAsync(TerminatedAsync, before + 1);

        Assert.StartsWith("{\"type\":\"ADDED\"", Assert.Single(await watcher.ReadAsync(1, Mark)), StringComparison.Ordinal);
        var reason = await watcher.ReadToEndAsync().WaitAsync(TimeSpan.FromSeconds(60));
        Assert.Equal(
            ("ERROR", "Expired", 410, "the watch was closed: its client took nothing of what waited for it for 60 s"),
            ((string?)reason!["type"], (string?)reason["object"]!["reason"], (int)reason["object"]!["code"]!, (string?)reason["object"]!["message"]));
    }

    private async Task TickAndReadAsync(List<CrowdWatcher> readers, int from)
    {
        for (var tick = from; tick < from + Ticks; tick++)
            await TickAsync(tick);
        var seen = await Task.WhenAll(readers.Select(reader => reader.ReadAsync(Ticks, Mark))).WaitAsync(TimeSpan.FromSeconds(120));
        var all = Enumerable.Range(from, Ticks).Select(tick => $"{tick}").ToList();
        Assert.All(seen, ticks => Assert.Equal(all, ticks));
    }

    // By turns over HTTP/2 and HTTP/1.1.
    private async Task<List<CrowdWatcher>> OpenAsync(int count, string query)
    {
        var streams = Client(HttpVersion.Version20);
        var connections = Client(HttpVersion.Version11);
        var watchers = new CrowdWatcher[count];
        var options = new ParallelOptions { MaxDegreeOfParallelism = 32 };
        await Parallel.ForAsync(0, count, options, async (i, _) =>
            watchers[i] = await CrowdWatcher.OpenAsync(i % 2 == 0 ? streams : connections, query));
        _clients.AddRange(watchers);
        return [.. watchers];
    }

    private HttpClient Client(Version version)
    {
        var handler = _rig.Handler("admin");
        handler.ConnectCallback = ConnectAsync;
        var client = new HttpClient(handler)
        {
            BaseAddress = _rig.Url, DefaultRequestVersion = version, DefaultVersionPolicy = HttpVersionPolicy.RequestVersionExact, Timeout = TimeSpan.FromMinutes(3),
        };
        _clients.Add(client);
        return client;
    }

    // The kernel's buffers, some megabytes a connection by default, would hide for long that a client doesn't read.
    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveBufferSize = 32 * 1024 };
        await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    }

    private async Task PostAsync(string name, string annotation, string value)
    {
        var body = $$"""{"value":1,"metadata":{"name":"{{name}}","annotations":{"{{annotation}}":"{{value}}"} } }""";
        using var content = new StringContent(body, Encoding.UTF8, "application/json");
        using var response = await _rig.Admin.PostAsync(Classes, content);
        response.EnsureSuccessStatusCode();
    }

    private async Task<string> TickAsync(int tick)
    {
        var patch = $$"""{"metadata":{"annotations":{"{{Mark}}":"{{tick}}"} } }""";
        using var content = new StringContent(patch, Encoding.UTF8, "application/merge-patch+json");
        using var response = await _rig.Admin.PatchAsync(Classes + "/ticker", content);
        response.EnsureSuccessStatusCode();
        return (string)System.Text.Json.Nodes.JsonNode.Parse(await response.Content.ReadAsStringAsync())!["metadata"]!["resourceVersion"]!;
    }

    // Time stands still once it is so: a client whose server was still filling its buffers begins to be stuck only then.
    private async Task AdvanceUntilAsync(Func<Task<long>> count, long expected)
    {
        var counted = await count();
        for (var polls = 1; polls < 1200 && counted != expected; polls++)
        {
            _time.Advance(TimeSpan.FromSeconds(1));
            await Task.Delay(50);
            counted = await count();
        }

        Assert.Equal(expected, counted);
    }

    private Task<long> TerminatedAsync() => MetricAsync("apiserver_terminated_watchers_total");

    private Task<long> RegisteredAsync() => MetricAsync("apiserver_registered_watchers");

    private async Task<long> MetricAsync(string name)
    {
        var start = $"{name}{{resource=\"priorityclasses.scheduling.k8s.io\"}} ";
        var line = (await _rig.Admin.GetStringAsync(new Uri("/metrics", UriKind.Relative))).Split('\n')
            .FirstOrDefault(line => line.StartsWith(start, StringComparison.Ordinal));
        return line is null ? 0 : long.Parse(line[start.Length..], System.Globalization.CultureInfo.InvariantCulture);
    }
}

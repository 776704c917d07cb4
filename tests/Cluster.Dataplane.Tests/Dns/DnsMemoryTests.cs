using System.Net.Sockets;
using Cluster.Dataplane.Dns;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.Dns;

/// <summary>What clients can make the server hold. Nothing else may allocate meanwhile.</summary>
[Collection(nameof(Alone))]
public sealed class DnsMemoryTests
{
    private const int Connections = 16, Pipelined = 32;

    /// <summary>An eighth of what an answer may take for each query that waits.</summary>
    private const long Most = Connections * Pipelined * 8192L;

    [Fact]
    public async Task Tcp_QueriesOfAServerThatIsSilent_HoldNoRoomForAnswers()
    {
        await using var upstream = new FakeUpstream((_, _) => []);
        await using var rig = new DnsServerRig(new DnsServerOptions { QuestionTime = TimeSpan.FromSeconds(60) });
        rig.Upstreams.Add(upstream.EndPoint);
        var clients = new List<NetworkStream>();
        for (var i = 0; i < Connections; i++) clients.Add(await rig.ConnectAsync());
        byte[][] queries = [.. Enumerable.Range(0, Pipelined).Select(i => DnsMessage.Query("outside.example", DnsType.A, id: (ushort)i))];
        var before = GC.GetTotalMemory(forceFullCollection: true);
        var misses = DnsMetrics.Sum().CacheMisses;
        foreach (var client in clients) await DnsServerRig.WriteAsync(client, queries);
        await Eventually.True(() => DnsMetrics.Sum().CacheMisses >= misses + (Connections * Pipelined));
        Assert.InRange(GC.GetTotalMemory(forceFullCollection: true) - before, long.MinValue, Most);
        foreach (var client in clients) await client.DisposeAsync();
    }
}

using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Tests.Udp;

/// <summary>Datagrams of random sizes between many clients and backends, by whichever path: each answer is compared byte for byte.</summary>
public abstract class UdpIntegrityTests(UdpPath path)
{
    private const int Clients = 200;
    private const int Rounds = 40;

    /// <summary>Clients that wait for an answer at a time: few enough that no socket buffer overflows with the largest datagrams.</summary>
    private const int AtOnce = 16;

    [Fact]
    public async Task Relay_ManyClientsAndSizes_LosesAndMixesNothing()
    {
        await using var a = new UdpBackend("a");
        await using var b = new UdpBackend("b", IPAddress.IPv6Loopback);
        await using var c = new UdpBackend("c");
        await using var rig = new UdpRelayRig(path, a, b, c);
        var dropped = DataplaneMetrics.SumUdp().Dropped;
        using var turns = new SemaphoreSlim(AtOnce);
        var lost = await Task.WhenAll(Enumerable.Range(0, Clients).Select(number => TalkAsync(rig, number, turns)));
        Assert.Equal(0, lost.Sum());
        Assert.Equal(dropped, DataplaneMetrics.SumUdp().Dropped);
    }

    // Returns how many datagrams got no answer.
    private static async Task<int> TalkAsync(UdpRelayRig rig, int number, SemaphoreSlim turns)
    {
        var random = new Random(number);
        using var client = rig.Connect();
        client.ReceiveBufferSize = client.SendBufferSize = 1 << 20;
        var name = (byte)0;
        var lost = 0;
        for (var round = 0; round < Rounds; round++)
        {
            var datagram = new byte[Size(random)];
            random.NextBytes(datagram);
            await turns.WaitAsync();
            try
            {
                await client.SendAsync(datagram);
                var answer = await UdpRelayRig.ReceiveAsync(client);
                if (name == 0) name = answer[0];
                Assert.Equal(name, answer[0]);
                Assert.True(answer.AsSpan(2).SequenceEqual(datagram), $"client {number}, round {round}: another datagram came back");
            }
            catch (OperationCanceledException)
            {
                lost++;
            }
            finally
            {
                turns.Release();
            }
        }

        return lost;
    }

    private static int Size(Random random) => random.Next(10) switch
    {
        0 => 0,
        < 7 => random.Next(1, 1472),
        < 9 => random.Next(1472, 9000),
        _ => random.Next(9000, 65_500),
    };
}

using System.Net.Sockets;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tests.Tcp;
using Cluster.Dataplane.Tests.Udp;

namespace Cluster.Dataplane.Tests;

/// <summary>What relaying allocates once it is warm: counted over the whole process, so nothing else runs meanwhile.</summary>
[Collection(nameof(Alone))]
public sealed class SteadyStateTests
{
    private const int Warmup = 2000;
    // Enough that a buffer the pool had trimmed and makes again (128 kB) is far less than one object per request.
    private const int Count = 50_000;
    private const int Tries = 5;

    [Theory]
    [InlineData(UdpPath.Managed, UdpMode.Session)]
    [InlineData(UdpPath.Managed, UdpMode.PerDatagram)]
    [InlineData(UdpPath.Loop, UdpMode.Session)]
    [InlineData(UdpPath.Loop, UdpMode.PerDatagram)]
    public async Task UdpRelay_SteadyFlow_AllocatesNothingPerDatagram(UdpPath path, UdpMode mode)
    {
        await using var a = new UdpBackend("a");
        await using var rig = new UdpRelayRig(path, new UdpSetup { Mode = mode }, a);
        using var client = rig.Connect();
        client.ReceiveTimeout = 5000;
        var buffer = new byte[16];
        AssertAllocatesLessThan(20, Ask);

        void Ask(int times)
        {
            for (var i = 0; i < times; i++)
            {
                client.Send(buffer);
                client.Receive(buffer);
            }
        }
    }

    [Theory]
    [InlineData(UdpPath.Managed)]
    [InlineData(UdpPath.Loop)]
    public async Task UdpRelay_OneWayFlow_AllocatesNothingPerDatagram(UdpPath path)
    {
        await using var a = new UdpBackend("a") { Answers = 0 };
        await using var rig = new UdpRelayRig(path, new UdpSetup { Mode = UdpMode.OneWay }, a);
        using var client = rig.Connect();
        var buffer = new byte[16];
        AssertAllocatesLessThan(12, Send);

        void Send(int times)
        {
            for (var i = 0; i < times; i++) client.Send(buffer);
        }
    }

    [Theory]
    [InlineData(TcpPath.Managed)]
    [InlineData(TcpPath.Loop)]
    [InlineData(TcpPath.Ring)]
    [InlineData(TcpPath.Splice)]
    public async Task TcpRelay_SteadyConnection_AllocatesNothingPerRequest(TcpPath path)
    {
        await using var backend = new TcpBackend(TcpBackend.EchoAsync);
        await using var rig = new TcpRelayRig(path, null, backend.EndPoint);
        // Blocking from the start: a socket that was used asynchronously allocates for each blocking call.
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
        client.Connect(rig.EndPoint);
        client.ReceiveTimeout = 5000;
        var buffer = new byte[16];
        AssertAllocatesLessThan(12, Ask);

        void Ask(int times)
        {
            for (var i = 0; i < times; i++)
            {
                client.Send(buffer);
                for (var received = 0; received < buffer.Length;) received += client.Receive(buffer);
            }
        }
    }

    // One object per operation would be at least 24 bytes each, in each try; what the runtime makes of its own, a buffer of 64 kB for each of its
    // threads above all, comes and goes.
    private static void AssertAllocatesLessThan(int bytesEach, Action<int> work)
    {
        work(Warmup);
        var least = long.MaxValue;
        for (var i = 0; i < Tries && least > Count * bytesEach; i++)
        {
            var before = GC.GetTotalAllocatedBytes(precise: true);
            work(Count);
            least = Math.Min(least, GC.GetTotalAllocatedBytes(precise: true) - before);
        }

        Assert.InRange(least, 0, Count * bytesEach);
    }
}

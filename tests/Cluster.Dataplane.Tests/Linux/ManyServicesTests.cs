using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tests.Tcp;
using Cluster.Dataplane.Tests.Udp;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>Ten thousand services on one node. Counts the process's descriptors, so nothing else runs meanwhile.</summary>
[Collection(nameof(Alone))]
public sealed class ManyServicesTests
{
    private const int Count = 10_000;

    [Theory]
    [InlineData(ServiceProtocol.Tcp)]
    [InlineData(ServiceProtocol.Udp)]
    public async Task Set_TenThousandServices_TakesNoDescriptorsAndEachAnswers(ServiceProtocol protocol)
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var a = new TcpBackend(socket => socket.SendAllAsync("a"));
        await using var b = new UdpBackend("a");
        var backend = protocol == ServiceProtocol.Tcp ? a.EndPoint : b.EndPoint;
        await using var rig = await new DataplaneRig(capture: Capture.Lookup).StartAsync();
        await rig.SetAsync(rig.Port(1, 1, protocol), backend);
        var before = Descriptors();
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < Count; i++) rig.Dataplane.Directory.Set(PortOf(rig, i, protocol), [new Backend("a", backend)]);
        await rig.Dataplane.Publish();
        // 20,000 places, an address of each family a service: seconds would be a sign that something grows with them all.
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(10));
        // Fewer where what earlier tests left to the collector goes meanwhile.
        Assert.InRange(Descriptors() - before, int.MinValue, 20);
        Assert.Empty(rig.Reports);
        foreach (var i in new[] { 0, 1, 4711, Count - 1 })
        {
            var port = PortOf(rig, i, protocol);
            foreach (var address in port.VirtualAddresses) Assert.StartsWith("a", await AskAsync(protocol, new IPEndPoint(address, port.Port)), StringComparison.Ordinal);
        }
    }

    private static Task<string> AskAsync(ServiceProtocol protocol, IPEndPoint place) => protocol == ServiceProtocol.Tcp
        ? DataplaneRig.AskTcpAsync(new Socket(place.AddressFamily, SocketType.Stream, ProtocolType.Tcp), place)
        : DataplaneRig.AskUdpAsync(new Socket(place.AddressFamily, SocketType.Dgram, ProtocolType.Udp), place);

    private static ServicePort PortOf(DataplaneRig rig, int number, ServiceProtocol protocol) => new(new ServicePortId($"many/s{number}", protocol), 1000 + (number / 200))
    {
        VirtualAddresses = [rig.Vip(10 + (number % 200)), rig.Vip6(10 + (number % 200))],
    };

    private static int Descriptors() => Directory.GetFiles("/proc/self/fd").Length;
}

using System.Diagnostics;
using System.Net;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tests.Tcp;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>Ten thousand services on one node. Counts the process's descriptors, so nothing else runs meanwhile.</summary>
[Collection(nameof(Alone))]
public sealed class ManyServicesTests
{
    private const int Count = 10_000;

    [Fact]
    public async Task Set_TenThousandServices_TakesNoDescriptorsAndEachAnswers()
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var a = new TcpBackend(socket => socket.SendAllAsync("a"));
        await using var rig = await new DataplaneRig(capture: Capture.Lookup).StartAsync();
        await rig.SetAsync(rig.Port(1, 1), a.EndPoint);
        var before = Descriptors();
        var started = Stopwatch.GetTimestamp();
        for (var i = 0; i < Count; i++) rig.Dataplane.Directory.Set(PortOf(rig, i), [new Backend("a", a.EndPoint)]);
        await rig.Dataplane.Publish();
        // 20,000 places, an address of each family a service: seconds would be a sign that something grows with them all.
        Assert.InRange(Stopwatch.GetElapsedTime(started), TimeSpan.Zero, TimeSpan.FromSeconds(10));
        // Fewer where what earlier tests left to the collector goes meanwhile.
        Assert.InRange(Descriptors() - before, int.MinValue, 20);
        Assert.Empty(rig.Reports);
        foreach (var i in new[] { 0, 1, 4711, Count - 1 })
        {
            var address = PortOf(rig, i).VirtualAddresses;
            Assert.Equal("a", await DataplaneRig.AskTcpAsync(new(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp), new IPEndPoint(address[0], PortOf(rig, i).Port)));
            Assert.Equal("a", await DataplaneRig.AskTcpAsync(new(System.Net.Sockets.SocketType.Stream, System.Net.Sockets.ProtocolType.Tcp), new IPEndPoint(address[1], PortOf(rig, i).Port)));
        }
    }

    private static ServicePort PortOf(DataplaneRig rig, int number) => new(new ServicePortId($"many/s{number}", ServiceProtocol.Tcp), 1000 + (number / 200))
    {
        VirtualAddresses = [rig.Vip(10 + (number % 200)), rig.Vip6(10 + (number % 200))],
    };

    private static int Descriptors() => Directory.GetFiles("/proc/self/fd").Length;
}

using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.SocketLb;
using Cluster.Dataplane.Tests.SocketLb;
using Cluster.Dataplane.Tests.Tcp;
using Cluster.Dataplane.Tests.Udp;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>A service that this node's sockets are connected to from the start, and whose relay, for everybody else, can't have its port.</summary>
public sealed class ConnectFallbackTests
{
    [Theory]
    [InlineData(ServiceProtocol.Tcp)]
    [InlineData(ServiceProtocol.Udp)]
    public async Task Set_PortsTakenByTheHost_IsReported_ServesThisNodesSockets_AndOthersOnceTheyAreFree(ServiceProtocol protocol)
    {
        Assert.SkipUnless(SocketLbRig.CanRun, "BPF, cgroup v2 or root is not available here");
        await using var a = Server(protocol, "a", IPAddress.Loopback, out var backend);
        var options = new DataplaneOptions { SocketLb = new SocketLoadBalancerOptions(), RetryPeriod = TimeSpan.FromMilliseconds(100) };
        await using var rig = await new DataplaneRig(dataplane: options).StartAsync();
        using var ns = new NetNamespace(rig.Number);
        var host = Server(protocol, "host", IPAddress.Any, out var taken);
        var alsoHost = Server(protocol, "also", IPAddress.Any, out var takenNodePort);
        await rig.SetAsync(rig.Port(10, taken.Port, protocol, takenNodePort.Port, ServicePath.Connect), backend);
        Assert.Equal(ServicePath.Connect, rig.Dataplane.Paths().Single().Path);
        foreach (var port in new[] { taken.Port, takenNodePort.Port })
            await Eventually.True(() => rig.Reports.Any(report => report.Frontend.Port == port && report.Result.Error == FrontendError.PortInUse), "the port to be reported");

        // Here nobody asks the port's owner.
        Assert.Equal("a", await AskAsync(null, new IPEndPoint(rig.Vip(10), taken.Port)));
        // Elsewhere the service is refused rather than answered by somebody else, and the host's own are as ever.
        await NodeDataplaneTests.AssertRefusedAsync(Client(ns), new IPEndPoint(rig.Vip(10), taken.Port));
        Assert.Equal("host", await AskAsync(null, new IPEndPoint(IPAddress.Loopback, taken.Port)));
        Assert.Equal("host", await AskAsync(ns, new IPEndPoint(ns.HostAddress, taken.Port)));
        Assert.Equal("also", await AskAsync(ns, new IPEndPoint(ns.HostAddress, takenNodePort.Port)));

        await host.DisposeAsync();
        await alsoHost.DisposeAsync();
        await Eventually.True(() => rig.IsWhole, "the relay to have its ports");
        Assert.Equal("a", await AskAsync(ns, new IPEndPoint(rig.Vip(10), taken.Port)));
        Assert.Equal("a", await AskAsync(ns, new IPEndPoint(ns.HostAddress, takenNodePort.Port)));
        Assert.Equal("a", await AskAsync(null, new IPEndPoint(rig.Vip(10), taken.Port)));

        Socket Client(NetNamespace? from)
        {
            var type = protocol == ServiceProtocol.Tcp ? SocketType.Stream : SocketType.Dgram;
            return from?.Socket(AddressFamily.InterNetwork, type, 0) ?? new Socket(AddressFamily.InterNetwork, type, 0);
        }

        async Task<string> AskAsync(NetNamespace? from, IPEndPoint place) => protocol == ServiceProtocol.Tcp
            ? await DataplaneRig.AskTcpAsync(Client(from), place)
            : (await DataplaneRig.AskUdpAsync(Client(from), place)).Split(':')[0];
    }

    private static IAsyncDisposable Server(ServiceProtocol protocol, string name, IPAddress address, out IPEndPoint endPoint)
    {
        if (protocol == ServiceProtocol.Tcp)
        {
            var tcp = SocketLbRig.Named(name, address);
            endPoint = tcp.EndPoint;
            return tcp;
        }

        var udp = new UdpBackend(name, address);
        endPoint = udp.EndPoint;
        return udp;
    }
}

using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tests.Tcp;
using Cluster.Dataplane.Tests.Udp;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>Traffic policies and source ranges on the real host: a namespace is a machine beyond the cluster, or a pod where its range says so.</summary>
public sealed class TrafficPolicyTests
{
    private const int Requests = 12;

    [Theory]
    [InlineData(ServiceProtocol.Tcp)]
    [InlineData(ServiceProtocol.Udp)]
    public async Task LoadBalancerAddress_WithSourceRanges_IsForThoseClientsAlone(ServiceProtocol protocol)
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var a = new TcpBackend(socket => socket.SendAllAsync("a"));
        await using var b = new UdpBackend("a");
        await using var rig = await new DataplaneRig().StartAsync();
        using var ns = new NetNamespace(rig.Number);
        var address = IPAddress.Parse($"198.51.100.{rig.Number}");
        var target = new IPEndPoint(address, 80);
        var backend = protocol == ServiceProtocol.Tcp ? a.EndPoint : b.EndPoint;

        await rig.SetAsync(Port(rig, address, protocol, "203.0.113.0/24"), backend);
        Assert.Null(await AskAsync(ns.Socket(AddressFamily.InterNetwork, TypeOf(protocol), 0), target));
        Assert.Null(await AskAsync(new Socket(AddressFamily.InterNetwork, TypeOf(protocol), 0), target));
        // The virtual address of the same service is nobody's to restrict.
        Assert.StartsWith("a", await AskAsync(ns.Socket(AddressFamily.InterNetwork, TypeOf(protocol), 0), new IPEndPoint(rig.Vip(10), 80)), StringComparison.Ordinal);

        await rig.SetAsync(Port(rig, address, protocol, "203.0.113.0/24", $"{ns.Address}/32"), backend);
        Assert.StartsWith("a", await AskAsync(ns.Socket(AddressFamily.InterNetwork, TypeOf(protocol), 0), target), StringComparison.Ordinal);
        Assert.Null(await AskAsync(new Socket(AddressFamily.InterNetwork, TypeOf(protocol), 0), target));
    }

    [Fact]
    public async Task UdpSession_OfAClientTheSourceRangesNoLongerName_Ends()
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var a = new UdpBackend("a");
        await using var rig = await new DataplaneRig().StartAsync();
        using var ns = new NetNamespace(rig.Number);
        var address = IPAddress.Parse($"198.51.100.{rig.Number}");
        await rig.SetAsync(Port(rig, address, ServiceProtocol.Udp, $"{ns.Address}/32"), a.EndPoint);
        using var client = ns.Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        await client.ConnectAsync(new IPEndPoint(address, 80));
        Assert.Equal("a:x", await UdpRelayRig.AskAsync(client, "x"));

        await rig.SetAsync(Port(rig, address, ServiceProtocol.Udp, "203.0.113.0/24"), a.EndPoint);
        client.ReceiveTimeout = 300;
        await client.SendAsync("y"u8.ToArray());
        Assert.Throws<SocketException>(() => client.Receive(new byte[16]));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task ExternalPolicyLocal_FromBeyond_HasLocalBackendsAndPodsAndTheNodeHaveAll(bool isPod)
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var here = new TcpBackend(socket => socket.SendAllAsync("here"));
        await using var there = new TcpBackend(socket => socket.SendAllAsync("there"));
        await using var rig = new DataplaneRig(dataplane: new DataplaneOptions { PodRanges = isPod ? [IPNetwork.Parse("10.199.0.0/16")] : [] });
        using var ns = new NetNamespace(rig.Number);
        await rig.StartAsync();
        var external = IPAddress.Parse($"198.51.100.{rig.Number}");
        var port = new ServicePort(new ServicePortId("test/local", ServiceProtocol.Tcp), 80)
        {
            ExternalAddresses = [external], NodePort = FreePort.Tcp(), ExternalTrafficPolicy = TrafficPolicy.Local,
        };
        rig.Dataplane.Directory.Set(port, [new Backend("here", here.EndPoint) { IsLocal = true }, new Backend("there", there.EndPoint)]);
        await rig.Dataplane.Publish();
        foreach (var target in new[] { new IPEndPoint(external, 80), new IPEndPoint(ns.HostAddress, port.NodePort) })
        {
            Assert.Equal(isPod ? ["here", "there"] : ["here"], await AnswersAsync(() => ns.Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp), target));
            Assert.Equal(["here", "there"], await AnswersAsync(() => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp), target));
        }

        rig.Dataplane.Directory.Set(port, [new Backend("there", there.EndPoint)]);
        await rig.Dataplane.Publish();
        Assert.Equal(isPod ? "there" : null, await AskAsync(ns.Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp), new IPEndPoint(external, 80)));
    }

    private static ServicePort Port(DataplaneRig rig, IPAddress address, ServiceProtocol protocol, params string[] ranges) =>
        new(new ServicePortId("test/lb", protocol), 80)
        {
            VirtualAddresses = [rig.Vip(10)], LoadBalancerAddresses = [address], SourceRanges = [.. ranges.Select(IPNetwork.Parse)],
        };

    private static SocketType TypeOf(ServiceProtocol protocol) => protocol == ServiceProtocol.Tcp ? SocketType.Stream : SocketType.Dgram;

    private static async Task<string[]> AnswersAsync(Func<Socket> socket, IPEndPoint target)
    {
        var answers = new SortedSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < Requests; i++) answers.Add(await AskAsync(socket(), target) ?? "nothing");
        return [.. answers];
    }

    /// <summary>What a service says, or null where it is closed to the client: reset, or for a datagram silent.</summary>
    private static async Task<string?> AskAsync(Socket socket, IPEndPoint target)
    {
        using (socket)
        {
            try
            {
                if (socket.SocketType == SocketType.Stream) return await DataplaneRig.AskTcpAsync(socket, target);
                socket.ReceiveTimeout = 300;
                await socket.ConnectAsync(target);
                await socket.SendAsync("x"u8.ToArray());
                var buffer = new byte[16];
                return System.Text.Encoding.ASCII.GetString(buffer, 0, socket.Receive(buffer));
            }
            catch (SocketException)
            {
                return null;
            }
        }
    }
}

using System.Net;
using System.Net.Sockets;
using System.Text;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tests.Tcp;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>Backends in a namespace (a pod on a bridge of this node) and clients in another one, beyond the node: who sees whom.</summary>
public sealed class SourceKeepingTests
{
    public static TheoryData<ServiceProtocol, bool> Ways { get; } = new(
        from protocol in Enum.GetValues<ServiceProtocol>()
        from v6 in new[] { false, true }
        select (protocol, v6));

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task PolicyLocal_ClientBeyondTheNode_IsSeenByItsOwnAddress(ServiceProtocol protocol, bool v6)
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var rig = new DataplaneRig();
        using var remote = new NetNamespace(rig.Number);
        using var pod = new NetNamespace(500 + rig.Number);
        await rig.StartAsync();
        Assert.SkipUnless(rig.Addresses.ReturnsAnswers, "nftables can't match sockets here");
        await using var backend = new EchoOfSource(pod, protocol, v6);
        var external = IPAddress.Parse(v6 ? $"fd00:198:51::{rig.Number:x}" : $"198.51.100.{rig.Number}");
        var port = Port(external, protocol);
        rig.Dataplane.Directory.Set(port, [new Backend("pod", backend.EndPoint) { IsLocal = true }]);
        await rig.Dataplane.Publish();

        var client = v6 ? remote.Address6 : remote.Address;
        Assert.Equal(client.ToString(), await AskAsync(remote, new IPEndPoint(external, 80), protocol));
        Assert.Equal(client.ToString(), await AskAsync(remote, new IPEndPoint(v6 ? remote.HostAddress6 : remote.HostAddress, port.NodePort), protocol));
        // The node itself is inside the cluster, and speaks as itself.
        Assert.NotEqual(client.ToString(), await AskAsync(null, new IPEndPoint(external, 80), protocol));
    }

    [Fact]
    public async Task Tcp_LargeAnswersOfManyConnections_ComeBackWhole()
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var rig = new DataplaneRig();
        using var remote = new NetNamespace(rig.Number);
        using var pod = new NetNamespace(500 + rig.Number);
        await rig.StartAsync();
        Assert.SkipUnless(rig.Addresses.ReturnsAnswers, "nftables can't match sockets here");
        var text = string.Concat(Enumerable.Repeat("0123456789abcdef", 64 * 1024));
        await using var backend = new EchoOfSource(pod, ServiceProtocol.Tcp, false, text);
        var external = IPAddress.Parse($"198.51.100.{rig.Number}");
        rig.Dataplane.Directory.Set(Port(external, ServiceProtocol.Tcp), [new Backend("pod", backend.EndPoint) { IsLocal = true }]);
        await rig.Dataplane.Publish();
        var answers = await Task.WhenAll(Enumerable.Range(0, 16).Select(_ => AskAsync(remote, new IPEndPoint(external, 80), ServiceProtocol.Tcp)));
        Assert.All(answers, answer => Assert.True(answer == text));
    }

    [Fact]
    public async Task PolicyLocal_ClientInTheBackendsOwnNetwork_IsServedFromTheNode()
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        await using var rig = new DataplaneRig();
        using var pod = new NetNamespace(rig.Number);
        await rig.StartAsync();
        await using var backend = new EchoOfSource(pod, ServiceProtocol.Tcp, false);
        var external = IPAddress.Parse($"198.51.100.{rig.Number}");
        rig.Dataplane.Directory.Set(Port(external, ServiceProtocol.Tcp), [new Backend("pod", backend.EndPoint) { IsLocal = true }]);
        await rig.Dataplane.Publish();
        // Answered directly it would be lost: the answer is to come by the node.
        Assert.Equal(pod.HostAddress.ToString(), await AskAsync(pod, new IPEndPoint(external, 80), ServiceProtocol.Tcp));
    }

    [Fact]
    public async Task Remove_LeavesNoRuleAndNoRoute()
    {
        Assert.SkipUnless(Shell.CanChangeHost, Shell.WhyNot);
        var rig = await new DataplaneRig().StartAsync();
        Assert.SkipUnless(rig.Addresses.ReturnsAnswers, "nftables can't match sockets here");
        Assert.Contains($"lookup {rig.Options.ReturnTable}", Shell.Run("ip", "rule", "show"));
        Assert.Contains($"rule mark 0x{rig.Options.ReturnMark:x} table {rig.Options.ReturnTable}", rig.Owned);
        await rig.Addresses.VerifyAsync(CancellationToken.None);
        await rig.DisposeAsync();
        Assert.DoesNotContain($"lookup {rig.Options.ReturnTable}", Shell.Run("ip", "rule", "show"));
        Assert.DoesNotContain($"lookup {rig.Options.ReturnTable}", Shell.Run("ip", "-6", "rule", "show"));
        Assert.Equal("", Shell.Try("ip", "route", "show", "table", $"{rig.Options.ReturnTable}").Output.Replace("Error: ipv4: FIB table does not exist.\nDump terminated\n", "", StringComparison.Ordinal));
    }

    private static ServicePort Port(IPAddress external, ServiceProtocol protocol) => new(new ServicePortId("test/kept", protocol), 80)
    {
        ExternalAddresses = [external], NodePort = FreePort.Tcp(), ExternalTrafficPolicy = TrafficPolicy.Local, KeepsSource = true,
    };

    private static async Task<string> AskAsync(NetNamespace? ns, IPEndPoint target, ServiceProtocol protocol)
    {
        var type = protocol == ServiceProtocol.Tcp ? SocketType.Stream : SocketType.Dgram;
        var socket = ns?.Socket(target.AddressFamily, type, 0) ?? new Socket(target.AddressFamily, type, 0);
        return type == SocketType.Stream ? await DataplaneRig.AskTcpAsync(socket, target) : await DataplaneRig.AskUdpAsync(socket, target);
    }

    /// <summary>A server in a namespace that answers with the address it was spoken to from, or with a text.</summary>
    private sealed class EchoOfSource : IAsyncDisposable
    {
        private readonly Socket _socket;
        private readonly string? _text;
        private readonly Task _serving;

        public EchoOfSource(NetNamespace ns, ServiceProtocol protocol, bool v6, string? text = null)
        {
            _text = text;
            _socket = ns.Socket(v6 ? AddressFamily.InterNetworkV6 : AddressFamily.InterNetwork, protocol == ServiceProtocol.Tcp ? SocketType.Stream : SocketType.Dgram, 0);
            _socket.Bind(new IPEndPoint(v6 ? ns.Address6 : ns.Address, 8080));
            if (protocol == ServiceProtocol.Tcp) _socket.Listen(64);
            _serving = protocol == ServiceProtocol.Tcp ? AcceptAsync() : ReceiveAsync();
        }

        public IPEndPoint EndPoint => (IPEndPoint)_socket.LocalEndPoint!;

        public async ValueTask DisposeAsync()
        {
            _socket.Dispose();
            await Assert.ThrowsAnyAsync<Exception>(() => _serving);
        }

        private async Task AcceptAsync()
        {
            while (true)
            {
                using var client = await _socket.AcceptAsync();
                await client.SendAllAsync(_text ?? ((IPEndPoint)client.RemoteEndPoint!).Address.ToString());
            }
        }

        private async Task ReceiveAsync()
        {
            var buffer = new byte[64];
            while (true)
            {
                var received = await _socket.ReceiveFromAsync(buffer, new IPEndPoint(_socket.AddressFamily == AddressFamily.InterNetwork ? IPAddress.Any : IPAddress.IPv6Any, 0));
                await _socket.SendToAsync(Encoding.ASCII.GetBytes(((IPEndPoint)received.RemoteEndPoint).Address.ToString()), received.RemoteEndPoint);
            }
        }
    }
}

using System.Net;
using System.Net.Sockets;

namespace Cluster.Dataplane.Tests.Udp;

/// <summary>A frontend on all addresses of the host, which the loop path knows; elsewhere each address has a frontend of its own.</summary>
public sealed class UdpWildcardTests
{
    [Theory]
    [InlineData("0.0.0.0", "127.0.0.1")]
    [InlineData("0.0.0.0", "127.0.0.77")]
    [InlineData("::", "::1")]
    public async Task Relay_OnEveryAddress_AnswersFromTheOneTheClientSpokeTo(string frontend, string spokenTo)
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "needs IPv6");
        await using var a = new UdpBackend("a");
        await using var rig = new UdpRelayRig(UdpPath.Loop, new UdpSetup { Address = IPAddress.Parse(frontend) }, a);
        // A connected socket takes datagrams of its peer's address alone.
        using var client = UdpRelayRig.Connect(new IPEndPoint(IPAddress.Parse(spokenTo), rig.EndPoint.Port));
        for (var i = 0; i < 5; i++) Assert.Equal($"a:{i}", await UdpRelayRig.AskAsync(client, $"{i}"));
        // A burst, which leaves joined.
        for (var i = 0; i < 20; i++) client.Send("x"u8);
        for (var i = 0; i < 20; i++) Assert.Equal("a:x"u8.ToArray(), await UdpRelayRig.ReceiveAsync(client));
    }

    [Fact]
    public async Task Relay_OneClientToTwoAddresses_HasTwoFlows()
    {
        await using var a = new UdpBackend("a");
        await using var rig = new UdpRelayRig(UdpPath.Loop, new UdpSetup { Address = IPAddress.Any }, a);
        using var client = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        client.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        var buffer = new byte[100];
        foreach (var address in new[] { "127.0.0.5", "127.0.0.6" })
        {
            await client.SendToAsync("x"u8.ToArray(), new IPEndPoint(IPAddress.Parse(address), rig.EndPoint.Port));
            using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
            var answer = await client.ReceiveFromAsync(buffer, new IPEndPoint(IPAddress.Any, 0), patience.Token);
            Assert.Equal(address, ((IPEndPoint)answer.RemoteEndPoint).Address.ToString());
        }

        Assert.Equal(2, rig.Relay.Active);
    }
}

using System.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Tests.Services;

public sealed class FrontendsTests
{
    private static readonly IPAddress[] Node = [IPAddress.Loopback, IPAddress.Parse("192.0.2.7")];
    private readonly ServiceDirectory _directory = new();

    private static ServicePort Port(ServiceProtocol protocol, TrafficPolicy external = TrafficPolicy.Cluster) =>
        new(new ServicePortId("ns/web", protocol), 80)
        {
            VirtualAddresses = [IPAddress.Parse("10.197.0.9")],
            ExternalAddresses = [IPAddress.Parse("198.51.100.4")],
            NodePort = 30080,
            ExternalTrafficPolicy = external,
        };

    [Fact]
    public void Of_WithoutBackends_IsEmpty() => Assert.Empty(Frontends.Of(_directory.Publish(Port(ServiceProtocol.Tcp)), Node));

    [Fact]
    public void Of_Tcp_HasVirtualExternalAndWildcardNodePort()
    {
        var places = Frontends.Of(_directory.Publish(Port(ServiceProtocol.Tcp), Make.Backend(1)), Node).Select(f => f.EndPoint.ToString());
        Assert.Equal(["10.197.0.9:80", "198.51.100.4:80", "0.0.0.0:30080"], places);
    }

    [Theory]
    [InlineData(ServiceProtocol.Tcp, "10.197.0.9", "0.0.0.0:30080")]
    [InlineData(ServiceProtocol.Tcp, "fd00::9", "[::]:30080")]
    [InlineData(ServiceProtocol.Tcp, "10.197.0.9,fd00::9", "0.0.0.0:30080,[::]:30080")]
    [InlineData(ServiceProtocol.Tcp, "", "0.0.0.0:30080,[::]:30080")]
    [InlineData(ServiceProtocol.Udp, "10.197.0.9", "192.0.2.7:30080")]
    [InlineData(ServiceProtocol.Udp, "fd00::9", "[2001:db8::7]:30080")]
    [InlineData(ServiceProtocol.Udp, "", "192.0.2.7:30080,[2001:db8::7]:30080")]
    public void Of_NodePort_IsOfTheFamiliesOfTheService(ServiceProtocol protocol, string addresses, string expected)
    {
        var port = new ServicePort(new ServicePortId("ns/web", protocol), 80)
        {
            VirtualAddresses = [.. addresses.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(IPAddress.Parse)], NodePort = 30080,
        };
        var frontends = Frontends.Of(_directory.Publish(port, Make.Backend(1)), [IPAddress.Parse("192.0.2.7"), IPAddress.Parse("2001:db8::7")]);
        Assert.Equal(expected, string.Join(',', frontends.Where(f => f.Port == 30080).Select(f => f.EndPoint)));
    }

    [Fact]
    public void Of_Udp_HasNodePortOnEachAddress()
    {
        var frontends = Frontends.Of(_directory.Publish(Port(ServiceProtocol.Udp), Make.Backend(1)), Node);
        Assert.Equal(["127.0.0.1:30080", "192.0.2.7:30080"], frontends.Where(f => f.Port == 30080).Select(f => f.EndPoint.ToString()));
    }

    [Fact]
    public void Of_ExternalPolicyLocalWithoutLocalBackend_HasThemAllForClientsOfTheCluster()
    {
        var entry = _directory.Publish(Port(ServiceProtocol.Tcp, TrafficPolicy.Local), Make.Backend(1));
        Assert.Equal(3, Frontends.Of(entry, Node).Count());
    }

    [Fact]
    public void Of_InternalPolicyLocalWithoutLocalBackend_LeavesTheVirtualAddressOut()
    {
        var port = new ServicePort(new ServicePortId("ns/web", ServiceProtocol.Tcp), 80)
        {
            VirtualAddresses = [IPAddress.Parse("10.197.0.9")], NodePort = 30080, InternalTrafficPolicy = TrafficPolicy.Local,
        };
        Assert.All(Frontends.Of(_directory.Publish(port, Make.Backend(1)), Node), frontend => Assert.Equal(30080, frontend.Port));
    }

    [Fact]
    public void Of_LoadBalancerAddress_HasAScopeOfItsOwn()
    {
        var port = new ServicePort(new ServicePortId("ns/web", ServiceProtocol.Tcp), 80)
        {
            ExternalAddresses = [IPAddress.Parse("198.51.100.4")], LoadBalancerAddresses = [IPAddress.Parse("198.51.100.4"), IPAddress.Parse("198.51.100.5")],
        };
        var scopes = Frontends.Of(_directory.Publish(port, Make.Backend(1)), Node).Select(frontend => (frontend.Address.ToString(), frontend.Scope));
        Assert.Equal([("198.51.100.4", TrafficScope.External), ("198.51.100.5", TrafficScope.LoadBalancer)], scopes);
    }
}

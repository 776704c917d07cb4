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
        Assert.Equal(["10.197.0.9:80", "198.51.100.4:80", "0.0.0.0:30080", "[::]:30080"], places);
    }

    [Fact]
    public void Of_Udp_HasNodePortOnEachAddress()
    {
        var frontends = Frontends.Of(_directory.Publish(Port(ServiceProtocol.Udp), Make.Backend(1)), Node);
        Assert.Equal(["127.0.0.1:30080", "192.0.2.7:30080"], frontends.Where(f => f.Port == 30080).Select(f => f.EndPoint.ToString()));
    }

    [Fact]
    public void Of_ExternalPolicyLocalWithoutLocalBackend_HasVirtualAddressOnly()
    {
        var entry = _directory.Publish(Port(ServiceProtocol.Tcp, TrafficPolicy.Local), Make.Backend(1));
        Assert.Equal(TrafficScope.Internal, Assert.Single(Frontends.Of(entry, Node)).Scope);
    }
}

using System.Diagnostics.Metrics;
using System.Net;
using Cluster.Dataplane.Balancing;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Tests.Services;

/// <summary>Which backends answer whom: traffic policies and source ranges, as kube-proxy applies them.</summary>
public sealed class ServiceEntryTests
{
    private static readonly Backend Here = Make.Backend(1, local: true);
    private static readonly Backend There = Make.Backend(2);
    private static readonly ClientAddress Node = ClientAddress.From(IPAddress.Parse("192.0.2.7"));
    private static readonly ClientAddress Pod = ClientAddress.From(IPAddress.Parse("10.244.1.9"));
    private static readonly ClientAddress Outside = ClientAddress.From(IPAddress.Parse("203.0.113.5"));
    private static readonly ClientAddress Loopback = ClientAddress.From(IPAddress.Loopback);

    private readonly ServiceDirectory _directory = new();

    public ServiceEntryTests() => _directory.Origins.Set([IPNetwork.Parse("10.244.0.0/16")], [IPAddress.Parse("192.0.2.7")]);

    private static ServicePort Port(TrafficPolicy external, params string[] ranges) => new(new ServicePortId("ns/web", ServiceProtocol.Tcp), 80)
    {
        VirtualAddresses = [IPAddress.Parse("10.197.0.9")],
        LoadBalancerAddresses = [IPAddress.Parse("198.51.100.4")],
        SourceRanges = [.. ranges.Select(IPNetwork.Parse)],
        ExternalTrafficPolicy = external,
    };

    [Fact]
    public void Pick_AtTheLimitOfConnections_IsForWhatIsCountedAlready()
    {
        var entry = _directory.Publish(new ServicePort(new ServicePortId("ns/web", ServiceProtocol.Udp), 80) { MaxConnections = 1 }, Here, There);
        entry.Backends[0].State.Opened();

        Assert.Null(entry.Pick(new PickContext(TrafficScope.Internal, Pod)));
        Assert.True(entry.Pick(new PickContext(TrafficScope.Internal, Pod, entry.Backends[0]) { Moves = true })!.IsSameAs(There));
        entry.Backends[0].State.Closed();
    }

    [Theory]
    [InlineData(TrafficScope.External)]
    [InlineData(TrafficScope.LoadBalancer)]
    public void UsableFor_ExternalPolicyLocal_IsLocalForClientsBeyondTheClusterOnly(TrafficScope scope)
    {
        var entry = _directory.Publish(Port(TrafficPolicy.Local), Here, There);
        Assert.Equal([Here], entry.UsableFor(scope, Outside).ToArray());
        Assert.Equal([Here, There], entry.UsableFor(scope, Pod).ToArray());
        Assert.Equal([Here, There], entry.UsableFor(scope, Node).ToArray());
        Assert.Equal([Here, There], entry.UsableFor(scope, Loopback).ToArray());
        Assert.Equal([Here, There], entry.UsableFor(TrafficScope.Internal, Outside).ToArray());
    }

    [Fact]
    public void UsableFor_InternalPolicyLocal_IsLocalForEveryoneOnTheVirtualAddressOnly()
    {
        var port = new ServicePort(new ServicePortId("ns/web", ServiceProtocol.Tcp), 80) { InternalTrafficPolicy = TrafficPolicy.Local };
        var entry = _directory.Publish(port, Here, There);
        Assert.Equal([Here], entry.UsableFor(TrafficScope.Internal, Node).ToArray());
        Assert.Equal([Here, There], entry.UsableFor(TrafficScope.External, Outside).ToArray());
    }

    [Theory]
    [InlineData("203.0.113.0/24", "203.0.113.5", true)]
    [InlineData("203.0.113.0/24", "203.0.112.5", false)]
    [InlineData("203.0.113.0/24", "192.0.2.7", false)]
    [InlineData("192.0.2.0/24", "192.0.2.7", true)]
    [InlineData("192.0.2.0/24", "127.0.0.1", true)]
    [InlineData("10.244.0.0/16", "10.244.1.9", true)]
    [InlineData("fd00::/8", "203.0.113.5", false)]
    public void Pick_LoadBalancerAddress_IsForSourceRangesAlone(string range, string client, bool admitted)
    {
        var entry = _directory.Publish(Port(TrafficPolicy.Cluster, range), Here);
        var address = ClientAddress.From(IPAddress.Parse(client));
        Assert.Equal(admitted, entry.Pick(new PickContext(TrafficScope.LoadBalancer, address)) is not null);
        Assert.Equal(admitted, entry.Serves(Here, TrafficScope.LoadBalancer, address));
        Assert.NotNull(entry.Pick(new PickContext(TrafficScope.External, address)));
        Assert.NotNull(entry.Pick(new PickContext(TrafficScope.Internal, address)));
    }

    [Fact]
    public void Pick_ClientOutsideOfTheSourceRanges_IsCounted()
    {
        long counted = 0;
        using var listener = new MeterListener();
        listener.InstrumentPublished = (instrument, self) =>
        {
            if (instrument.Name == "dataplane_source_refused_total") self.EnableMeasurementEvents(instrument);
        };
        listener.SetMeasurementEventCallback<long>((_, value, _, _) => Interlocked.Add(ref counted, value));
        listener.Start();
        var entry = _directory.Publish(Port(TrafficPolicy.Cluster, "203.0.113.0/24"), Here);
        Assert.Null(entry.Pick(new PickContext(TrafficScope.LoadBalancer, Node)));
        Assert.InRange(Interlocked.Read(ref counted), 1, long.MaxValue);
    }

    [Fact]
    public void Pick_WithSourceRangesAndPolicyLocal_AllocatesNothing()
    {
        var entry = _directory.Publish(Port(TrafficPolicy.Local, "203.0.112.0/24", "203.0.113.0/24", "fd00::/8"), Here, There);
        Assert.Equal(0, Allocations.During(() =>
        {
            entry.Pick(new PickContext(TrafficScope.LoadBalancer, Outside));
            entry.Pick(new PickContext(TrafficScope.LoadBalancer, Node));
            entry.Pick(new PickContext(TrafficScope.External, Pod));
        }));
    }

    [Fact]
    public void Set_OtherSourceRanges_IsAChange()
    {
        _directory.Publish(Port(TrafficPolicy.Cluster, "203.0.113.0/24"), Here);
        _directory.Set(Port(TrafficPolicy.Cluster, "203.0.114.0/24"), [Here]);
        Assert.Single(_directory.Publish());
    }
}

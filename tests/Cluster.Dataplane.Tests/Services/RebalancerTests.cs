using System.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Tests.Services;

/// <summary>What each backend is to lose. A connection that is ended comes back to where policies lead it: there the plan must come to rest.</summary>
public sealed class RebalancerTests
{
    private readonly ServiceDirectory _directory = new();

    [Fact]
    public void Plan_BackendsThatAllGetConnections_ShareThem()
    {
        var entry = Publish(new ServicePort(Id, 80), Make.Backend(1), Make.Backend(2));
        Assert.Equal([5, 0], Plan(entry, 40, 0));
        Assert.Equal([0, 0], Plan(entry, 20, 20));
    }

    [Theory]
    [InlineData(TrafficPolicy.Local, TrafficPolicy.Cluster)]
    [InlineData(TrafficPolicy.Cluster, TrafficPolicy.Local)]
    [InlineData(TrafficPolicy.Local, TrafficPolicy.Local)]
    public void Plan_TrafficPolicyLocal_LeavesOthersOut(TrafficPolicy inside, TrafficPolicy outside)
    {
        var port = new ServicePort(Id, 80) { InternalTrafficPolicy = inside, ExternalTrafficPolicy = outside };
        var entry = Publish(port, Make.Backend(1, local: true), Make.Backend(2, local: true), Make.Backend(3), Make.Backend(4));
        Assert.Equal([0, 0, 0, 0], Plan(entry, 40, 40, 0, 0));
        Assert.Equal([5, 0, 0, 0], Plan(entry, 40, 0, 0, 0));
        Assert.Equal([0, 0, 5, 0], Plan(entry, 100, 100, 40, 0));
    }

    [Fact]
    public void Plan_PreferredZone_LeavesOthersOut()
    {
        var port = new ServicePort(Id, 80) { PreferredZone = "near" };
        var entry = Publish(port, InZone(1, "near"), InZone(2, "near"), InZone(3, "far"), InZone(4, null));
        Assert.Equal([0, 0, 0, 0], Plan(entry, 40, 40, 0, 0));
        Assert.Equal([5, 0, 0, 0], Plan(entry, 40, 0, 0, 0));
    }

    [Theory]
    [InlineData(null, 20, 20, 0)]
    [InlineData("weighted", 10, 30, 0)]
    [InlineData("weighted", 30, 10, 5)]
    public void Plan_Weights_CountWhereThePolicyWeighs(string? policy, int light, int heavy, int surplus)
    {
        var entry = Publish(new ServicePort(Id, 80) { Policy = policy }, Make.Backend(1), new Backend("pod-2", Make.Backend(2).Address) { Weight = 3 });
        Assert.Equal([surplus, 0], Plan(entry, light, heavy));
    }

    private static ServicePortId Id => new("ns/web", ServiceProtocol.Tcp);

    private static Backend InZone(int number, string? zone) => new($"pod-{number}", IPEndPoint.Parse($"10.1.0.{number}:8080")) { Zone = zone };

    private ServiceEntry Publish(ServicePort port, params Backend[] backends) => _directory.Publish(port, backends);

    private static int[] Plan(ServiceEntry entry, params int[] connections)
    {
        for (var i = 0; i < connections.Length; i++)
        {
            var state = entry.Backends[i].State;
            while (state.Active < connections[i]) state.Opened();
            while (state.Active > connections[i]) state.Closed();
        }

        Rebalancer.Plan(entry);
        return [.. entry.Backends.ToArray().Select(backend => backend.State.Surplus)];
    }
}

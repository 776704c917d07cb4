using System.Net;
using Cluster.Dataplane.Linux.Netlink;
using Cluster.Dataplane.Linux.Nftables.Nat;

namespace Cluster.Dataplane.Tests.Linux.Nftables;

/// <summary>Which of the flows that the kernel tracks are cut: of a service at 10.96.0.10:53 and node port 30053 with one backend.</summary>
public sealed class NatFlowsTests
{
    [Theory]
    [InlineData("10.96.0.10:53", "10.244.0.5:8053", false)]
    [InlineData("10.96.0.10:53", "10.244.0.6:8053", true)]
    [InlineData("10.96.0.10:53", "10.96.0.10:53", true)]
    [InlineData("10.96.0.11:53", "10.96.0.11:53", false)]
    [InlineData("10.96.0.10:54", "10.244.0.6:8053", false)]
    [InlineData("192.0.2.1:30053", "10.244.0.5:8053", false)]
    [InlineData("192.0.2.1:30053", "10.244.0.6:8053", true)]
    [InlineData("192.0.2.1:30053", "192.0.2.1:30053", true)]
    [InlineData("192.0.2.2:30053", "192.0.2.2:30053", false)]
    [InlineData("192.0.2.2:30053", "10.244.0.6:8053", false)]
    public void IsStale_OnlyWhatGoesToOneOfItsPlacesAndNotToABackend(string destination, string answerer, bool isStale)
    {
        HashSet<IPEndPoint> backends = [IPEndPoint.Parse("10.244.0.5:8053")];
        var places = new Dictionary<(IPAddress?, int), HashSet<IPEndPoint>> { [(IPAddress.Parse("10.96.0.10"), 53)] = backends, [(null, 30053)] = backends };
        var flow = new TrackedFlow(IPEndPoint.Parse(destination), IPEndPoint.Parse(answerer));
        Assert.Equal(isStale, NatFlows.IsStale(flow, places, [IPAddress.Parse("192.0.2.1")]));
    }
}

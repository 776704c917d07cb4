using System.Net;
using Cluster.Containers.Network;

namespace Cluster.Containers.Tests.Network;

public sealed class RouteTableTests
{
    // A default route, 172.17.0.0/16 and 10.244.5.0/24.
    private static readonly RouteTable Table = RouteTable.From(
    [
        "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT",
        "eth0\t00000000\t010200C0\t0003\t0\t0\t0\t00000000\t0\t0\t0",
        "docker0\t000011AC\t00000000\t0001\t0\t0\t0\t0000FFFF\t0\t0\t0",
        "cluster0\t0005F40A\t00000000\t0001\t0\t0\t0\t00FFFFFF\t0\t0\t0",
    ]);

    [Theory]
    [InlineData("172.17.3.0/24", true)]
    [InlineData("172.16.0.0/12", true)]
    [InlineData("10.244.0.0/24", false)]
    [InlineData("192.168.0.0/24", false)]
    public void FindOverlap_AgainstForeignRoutes_TellsTheRoute(string range, bool overlaps) =>
        Assert.Equal(overlaps, Table.FindOverlap(IPNetwork.Parse(range), "cluster0") is not null);

    [Fact]
    public void FindOverlap_WithOurOwnBridge_IsNone() => Assert.Null(Table.FindOverlap(IPNetwork.Parse("10.244.5.0/24"), "cluster0"));

    [Fact]
    public void FindOverlap_WithAnotherDevice_NamesRouteAndDevice() =>
        Assert.Equal("10.244.5.0/24 (device cluster0)", Table.FindOverlap(IPNetwork.Parse("10.244.5.0/24"), "other0"));
}

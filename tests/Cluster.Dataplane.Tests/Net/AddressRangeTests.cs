using System.Net;
using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Tests.Net;

public sealed class AddressRangeTests
{
    [Theory]
    [InlineData("10.0.0.0/8", "10.255.0.1", true)]
    [InlineData("10.0.0.0/8", "11.0.0.1", false)]
    [InlineData("192.0.2.7/32", "192.0.2.7", true)]
    [InlineData("192.0.2.7/32", "192.0.2.6", false)]
    [InlineData("0.0.0.0/0", "198.51.100.1", true)]
    [InlineData("0.0.0.0/0", "fd00::1", false)]
    [InlineData("fd00::/8", "fd12::1", true)]
    [InlineData("fd00:1:2:3::/64", "fd00:1:2:3:ffff::1", true)]
    [InlineData("fd00:1:2:3::/64", "fd00:1:2:4::1", false)]
    [InlineData("fd00::10/124", "fd00::1f", true)]
    [InlineData("fd00::10/124", "fd00::20", false)]
    [InlineData("::/0", "fd00::1", true)]
    public void Contains_Address_AsThePrefixSays(string range, string address, bool expected) =>
        Assert.Equal(expected, AddressRange.From(IPNetwork.Parse(range)).Contains(ClientAddress.From(IPAddress.Parse(address))));
}

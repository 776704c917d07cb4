using System.Net;
using Cluster.Proxy.Dns;

namespace Cluster.Proxy.Tests.Dns;

public sealed class ClusterNamesTests
{
    [Theory]
    [InlineData("1.2.3.4", "4.3.2.1.in-addr.arpa")]
    [InlineData("fd00:10:96::1", "1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa")]
    public void ToReverse_Address_IsItsName(string address, string name) => Assert.Equal(name, ClusterNames.ToReverse(IPAddress.Parse(address)));

    [Theory]
    [InlineData("10.0.0.1", "10-0-0-1")]
    [InlineData("fd00::1", "fd00--1")]
    public void ToLabel_Address_IsDashes(string address, string label) => Assert.Equal(label, ClusterNames.ToLabel(address));
}

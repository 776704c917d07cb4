using System.Net;
using Cluster.Proxy.Dns;

namespace Cluster.Proxy.Tests.Dns;

public sealed class ClusterNamesTests
{
    [Theory]
    [InlineData("4.3.2.1.in-addr.arpa", "1.2.3.4")]
    [InlineData("1.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.6.9.0.0.0.1.0.0.0.0.d.f.ip6.arpa", "fd00:10:96::1")]
    public void FromReverse_Name_IsTheAddress(string name, string address) => Assert.Equal(IPAddress.Parse(address), ClusterNames.FromReverse(name));

    [Theory]
    [InlineData("3.2.1.in-addr.arpa")]
    [InlineData("x.3.2.1.in-addr.arpa")]
    [InlineData("1.0.ip6.arpa")]
    [InlineData("example.com")]
    public void FromReverse_OtherNames_IsNull(string name) => Assert.Null(ClusterNames.FromReverse(name));

    [Theory]
    [InlineData("10-0-0-1", "10.0.0.1")]
    [InlineData("fd00--1", "fd00::1")]
    public void FromLabel_Dashes_IsTheAddress(string label, string address) => Assert.Equal(IPAddress.Parse(address), ClusterNames.FromLabel(label));

    [Theory]
    [InlineData("web")]
    [InlineData("10-0-0-256")]
    [InlineData("a-b")]
    public void FromLabel_OtherNames_IsNull(string label) => Assert.Null(ClusterNames.FromLabel(label));
}

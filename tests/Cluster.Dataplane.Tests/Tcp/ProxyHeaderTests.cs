using System.Net;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Tcp;

namespace Cluster.Dataplane.Tests.Tcp;

public sealed class ProxyHeaderTests
{
    private static readonly ClientAddress V4 = ClientAddress.From(IPAddress.Parse("192.0.2.1"));
    private static readonly ClientAddress V6 = ClientAddress.From(IPAddress.Parse("2001:db8::7"));

    [Fact]
    public void Write_IPv4_HasTheBytesOfTheSpecification() => Assert.Equal(
        "0D0A0D0A000D0A515549540A2111000CC0000201C0000201303901BB", Header(V4, 12345, V4, 443));

    [Fact]
    public void Write_IPv6_HasTheBytesOfTheSpecification() => Assert.Equal(
        "0D0A0D0A000D0A515549540A2121002420010DB800000000000000000000000720010DB8000000000000000000000007303901BB", Header(V6, 12345, V6, 443));

    [Fact]
    public void Write_Mixed_MapsTheIPv4Address() => Assert.Equal(
        "0D0A0D0A000D0A515549540A2121002400000000000000000000FFFFC000020120010DB8000000000000000000000007303901BB", Header(V4, 12345, V6, 443));

    [Fact]
    public void Write_MappedAddressOfADualStackSocket_IsIPv4() =>
        Assert.Equal(28, ProxyHeader.Write(new byte[ProxyHeader.MaxSize], ClientAddress.From(IPAddress.Parse("::ffff:192.0.2.1")), 1, V4, 2));

    private static string Header(ClientAddress source, ushort sourcePort, ClientAddress destination, ushort destinationPort)
    {
        var bytes = new byte[ProxyHeader.MaxSize];
        return Convert.ToHexString(bytes, 0, ProxyHeader.Write(bytes, source, sourcePort, destination, destinationPort));
    }
}

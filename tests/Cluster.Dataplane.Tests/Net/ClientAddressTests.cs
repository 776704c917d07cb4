using System.Net;
using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Tests.Net;

public sealed class ClientAddressTests
{
    [Theory]
    [InlineData("192.0.2.1")]
    [InlineData("fd00:10:96::1")]
    public void From_SocketAddressOrIPAddress_AreTheSame(string text)
    {
        var endPoint = new IPEndPoint(IPAddress.Parse(text), 4711);
        var address = ClientAddress.From(endPoint.Serialize(), out var port);
        Assert.Equal(4711, port);
        Assert.Equal(ClientAddress.From(endPoint.Address), address);
        Assert.Equal(text, address.ToString());
    }

    [Fact]
    public void From_MappedAddress_EqualsItsIPv4Form() =>
        Assert.Equal(ClientAddress.From(IPAddress.Parse("192.0.2.1")), ClientAddress.From(IPAddress.Parse("::ffff:192.0.2.1")));
}

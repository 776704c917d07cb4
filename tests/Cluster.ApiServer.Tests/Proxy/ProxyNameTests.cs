using Cluster.Api;
using Cluster.ApiServer.Proxy;

namespace Cluster.ApiServer.Tests.Proxy;

public sealed class ProxyNameTests
{
    [Theory]
    [InlineData("web", "", "web", "")]
    [InlineData("web:80", "", "web", "80")]
    [InlineData("web:http", "", "web", "http")]
    [InlineData("https:web:443", "https", "web", "443")]
    [InlineData("http:web:", "http", "web", "")]
    public void Parse_OfANameAndWhatIsAroundIt_TakesItApart(string text, string scheme, string name, string port) =>
        Assert.Equal(new ProxyName(scheme, name, port), ProxyName.Parse(text, "pod"));

    [Theory]
    [InlineData("ftp:web:21")]
    [InlineData("a:b:c:d")]
    [InlineData(":80")]
    public void Parse_OfAnythingElse_IsABadRequest(string text)
    {
        var failure = Assert.Throws<StatusException>(() => ProxyName.Parse(text, "pod"));

        Assert.Equal((400, $"invalid pod request \"{text}\""), (failure.Code, failure.Message));
    }

    [Theory]
    [InlineData("127.0.0.1")]
    [InlineData("169.254.169.254")]
    [InlineData("0.0.0.0")]
    [InlineData("224.0.0.1")]
    [InlineData("255.255.255.255")]
    [InlineData("::1")]
    [InlineData("::ffff:127.0.0.1")]
    [InlineData("fe80::1")]
    public void Address_ThatMeansAnotherThingHere_IsNotCalled(string address) =>
        Assert.Equal("address not allowed", Assert.Throws<StatusException>(() => ProxyAddress.Check(address)).Message);

    [Fact]
    public void Address_OfAPod_IsCalled()
    {
        Assert.Equal("10.244.0.7", ProxyAddress.Check("10.244.0.7"));
        Assert.Equal("invalid ip", Assert.Throws<StatusException>(() => ProxyAddress.Check("")).Message);
    }
}

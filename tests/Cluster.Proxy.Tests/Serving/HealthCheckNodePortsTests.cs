using System.Net;
using System.Net.Sockets;
using Cluster.Client;
using Cluster.Proxy.Serving;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Proxy.Tests.Serving;

public sealed class HealthCheckNodePortsTests : IAsyncDisposable
{
    private static readonly ObjectKey Web = new("shop", "web");
    private readonly HealthCheckNodePorts _ports;
    private readonly HttpClient _http = new();
    private readonly int _port = FreePort.Tcp();
    private bool _healthy = true;

    public HealthCheckNodePortsTests() => _ports = new HealthCheckNodePorts(() => _healthy, NullLogger.Instance);

    public async ValueTask DisposeAsync()
    {
        _http.Dispose();
        await _ports.DisposeAsync();
    }

    [Theory]
    [InlineData(2, true, HttpStatusCode.OK)]
    [InlineData(0, true, HttpStatusCode.ServiceUnavailable)]
    [InlineData(2, false, HttpStatusCode.ServiceUnavailable)]
    public async Task Get_AnyPath_AnswersAsKubeProxy(int endpoints, bool healthy, HttpStatusCode expected)
    {
        _healthy = healthy;
        Assert.Null(await _ports.SetAsync(Web, _port, endpoints));
        using var answer = await _http.GetAsync(new Uri($"http://127.0.0.1:{_port}/"));
        Assert.Equal(expected, answer.StatusCode);
        Assert.Equal("application/json", answer.Content.Headers.ContentType!.MediaType);
        Assert.Equal([endpoints.ToString()], answer.Headers.GetValues("X-Load-Balancing-Endpoint-Weight"));
        Assert.Equal(["nosniff"], answer.Headers.GetValues("X-Content-Type-Options"));
        var text = await answer.Content.ReadAsStringAsync();
        var expectedText = "{\n\t\"service\": {\n\t\t\"namespace\": \"shop\",\n\t\t\"name\": \"web\"\n\t},\n"
            + $"\t\"localEndpoints\": {endpoints},\n\t\"serviceProxyHealthy\": {(healthy ? "true" : "false")}\n}}\n";
        Assert.Equal(expectedText, text);
    }

    [Fact]
    public async Task Get_ByIPv6_Answers()
    {
        Assert.SkipUnless(Socket.OSSupportsIPv6, "needs IPv6");
        await _ports.SetAsync(Web, _port, 1);
        using var answer = await _http.GetAsync(new Uri($"http://[::1]:{_port}/healthz"));
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
    }

    [Fact]
    public async Task Set_AnotherPortOrNone_ClosesTheFirst()
    {
        await _ports.SetAsync(Web, _port, 1);
        var other = FreePort.Tcp();
        Assert.Null(await _ports.SetAsync(Web, other, 1));
        await Assert.ThrowsAsync<HttpRequestException>(() => _http.GetAsync(new Uri($"http://127.0.0.1:{_port}/")));
        (await _http.GetAsync(new Uri($"http://127.0.0.1:{other}/"))).Dispose();
        await _ports.SetAsync(Web, 0, 0);
        await Assert.ThrowsAsync<HttpRequestException>(() => _http.GetAsync(new Uri($"http://127.0.0.1:{other}/")));
    }

    [Fact]
    public async Task Set_PortTaken_SaysSoUntilItIsFree()
    {
        var taken = new TcpListener(IPAddress.Any, _port);
        taken.Start();
        Assert.NotNull(await _ports.SetAsync(Web, _port, 1));
        Assert.NotNull(await _ports.SetAsync(Web, _port, 1));
        taken.Dispose();
        Assert.Null(await _ports.SetAsync(Web, _port, 1));
    }
}

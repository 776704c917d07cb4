using System.Net;
using System.Net.Sockets;
using System.Text;
using Cluster.Proxy.Serving;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Proxy.Tests.Serving;

public sealed class HttpResponderTests : IAsyncDisposable
{
    private readonly HttpResponder _responder = new(
        new IPEndPoint(IPAddress.Loopback, 0), path => path == "/healthz" ? HttpResponse.Text(200, "fine") : null, NullLogger.Instance);

    public ValueTask DisposeAsync() => _responder.DisposeAsync();

    [Fact]
    public async Task Get_KnownPath_Answers()
    {
        using var http = new HttpClient();
        Assert.Equal("fine", await http.GetStringAsync(new Uri($"http://{_responder.EndPoint}/healthz?verbose")));
    }

    [Fact]
    public async Task Get_UnknownPath_IsNotFound()
    {
        using var http = new HttpClient();
        Assert.Equal(HttpStatusCode.NotFound, (await http.GetAsync(new Uri($"http://{_responder.EndPoint}/else"))).StatusCode);
    }

    [Fact]
    public async Task Head_KnownPath_AnswersWithoutTheBody()
    {
        using var client = new TcpClient();
        await client.ConnectAsync(_responder.EndPoint);
        await client.GetStream().WriteAsync("HEAD /healthz HTTP/1.1\r\n\r\n"u8.ToArray());
        var answer = await new StreamReader(client.GetStream()).ReadToEndAsync();
        Assert.StartsWith("HTTP/1.1 200", answer, StringComparison.Ordinal);
        Assert.Contains("Content-Length: 4\r\n", answer, StringComparison.Ordinal);
        Assert.EndsWith("\r\n\r\n", answer, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("POST /healthz HTTP/1.1\r\n\r\n", "HTTP/1.1 405")]
    [InlineData("nonsense\r\n\r\n", "HTTP/1.1 400")]
    [InlineData("\r\n\r\n", "HTTP/1.1 400")]
    public async Task Send_WhatIsNoGet_IsRefusedAndTheServerGoesOn(string request, string expected)
    {
        using var client = new TcpClient();
        await client.ConnectAsync(_responder.EndPoint);
        await client.GetStream().WriteAsync(Encoding.ASCII.GetBytes(request));
        Assert.StartsWith(expected, await new StreamReader(client.GetStream()).ReadToEndAsync(), StringComparison.Ordinal);
        await Get_KnownPath_Answers();
    }

    [Fact]
    public async Task Get_BesideAsManySilentClientsAsAreServed_TakesThePlaceOfTheOldest()
    {
        var silent = Enumerable.Range(0, 64).Select(_ => new TcpClient()).ToList();
        foreach (var client in silent) await client.ConnectAsync(_responder.EndPoint, TestContext.Current.CancellationToken);
        await Get_KnownPath_Answers();
        Assert.Equal("", await new StreamReader(silent[0].GetStream()).ReadToEndAsync(TestContext.Current.CancellationToken));
        // The others were only slow.
        await silent[63].GetStream().WriteAsync("GET /healthz HTTP/1.1\r\n\r\n"u8.ToArray(), TestContext.Current.CancellationToken);
        Assert.EndsWith("fine", await new StreamReader(silent[63].GetStream()).ReadToEndAsync(TestContext.Current.CancellationToken), StringComparison.Ordinal);
        silent.ForEach(client => client.Dispose());
    }

    [Fact]
    public async Task Dispose_WithASilentClient_Returns()
    {
        var responder = new HttpResponder(new IPEndPoint(IPAddress.Loopback, 0), _ => null, NullLogger.Instance);
        using var client = new TcpClient();
        await client.ConnectAsync(responder.EndPoint);
        await responder.DisposeAsync().AsTask().WaitAsync(TimeSpan.FromSeconds(10));
    }
}

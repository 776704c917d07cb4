using System.Net;
using Cluster.ApiServer.Hosting;
using Microsoft.AspNetCore.Connections;

namespace Cluster.ApiServer.Tests.Hosting;

public sealed class ConnectionsByAddressTests
{
    [Fact]
    public async Task Connections_OfOneAddress_AreBoundedAndThoseOfOthersAreNot()
    {
        var connections = new ConnectionsByAddress(2);
        var open = new TaskCompletionSource();
        var served = 0;

        var first = RunAsync("192.0.2.1");
        var second = RunAsync("192.0.2.1");
        await RunAsync("192.0.2.1");
        var other = RunAsync("192.0.2.2");
        Assert.Equal(3, served);

        open.SetResult();
        await Task.WhenAll(first, second, other);
        await RunAsync("192.0.2.1");
        Assert.Equal(4, served);

        Task RunAsync(string address) => connections.RunAsync(
            new DefaultConnectionContext { RemoteEndPoint = new IPEndPoint(IPAddress.Parse(address), 1) },
            _ =>
            {
                served++;
                return open.Task;
            });
    }
}

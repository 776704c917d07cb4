using System.Net.Sockets;
using Cluster.Testing;

namespace Cluster.Dataplane.Tests.Tcp;

/// <summary>A relay whose process may open few files: what does not fit waits, nothing breaks, and afterwards all is well again.</summary>
public sealed class DescriptorLimitTests
{
    private const int OpenFiles = 256;
    private const int Clients = 200;

    /// <summary>Far below what the budget of 256 descriptors allows at once.</summary>
    private const int Few = 20;

    [Theory]
    [InlineData(TcpPath.Managed)]
    [InlineData(TcpPath.Loop)]
    [InlineData(TcpPath.Ring)]
    [InlineData(TcpPath.Splice)]
    public async Task Relay_MoreConnectionsThanDescriptors_WaitAndAreServedOnceOthersEnd(TcpPath path)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "counts and limits descriptors as Linux does");
        await using var backend = new TcpBackend(TcpBackend.EchoAsync);
        await using var relay = await RelayProcess.StartAsync(path, OpenFiles, backend.EndPoint);

        for (var round = 0; round < 3; round++)
        {
            var before = backend.Accepted;
            // All at once and each held until its answer is there: many more than 256 descriptors can carry.
            var clients = Enumerable.Range(0, Clients).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)).ToArray();
            await Task.WhenAll(clients.Select(client => client.ConnectAsync(relay.EndPoint)));
            await Task.WhenAll(clients.Select(client => client.SendAllAsync("x")));
            await Eventually.True(() => backend.Accepted - before >= Few, "some to be served");
            Assert.InRange(backend.Accepted - before, Few, Clients - 1);
            Assert.InRange(relay.Descriptors, 1, OpenFiles - 1);
            await Task.WhenAll(clients.Select(AnswerAsync)).WaitAsync(TimeSpan.FromSeconds(60));
            Assert.True(relay.IsAlive);
        }

        await Eventually.True(() => relay.Descriptors < OpenFiles / 2, "descriptors to be closed");
    }

    [Theory]
    [InlineData(TcpPath.Managed)]
    [InlineData(TcpPath.Loop)]
    public async Task Relay_BesideAnotherOfItsProtocol_ServesHalfOfWhatDescriptorsAllow(TcpPath path)
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "limits descriptors as Linux does");
        await using var backend = new TcpBackend(TcpBackend.EchoAsync);
        await using var relay = await RelayProcess.StartAsync(path, OpenFiles, backend.EndPoint, halved: true);
        // It is told after it has begun to serve: those of the first round may have come before.
        await ServeAllAsync(relay, backend);
        Assert.InRange(await ServeAllAsync(relay, backend), Few, OpenFiles * 40 / 100 / 2 / 2 + 1);
        Assert.True(relay.IsAlive);
    }

    /// <summary>How many of the clients were served before any had ended.</summary>
    private static async Task<int> ServeAllAsync(RelayProcess relay, TcpBackend backend)
    {
        var before = backend.Accepted;
        var clients = Enumerable.Range(0, Clients).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)).ToArray();
        await Task.WhenAll(clients.Select(client => client.ConnectAsync(relay.EndPoint)));
        await Task.WhenAll(clients.Select(client => client.SendAllAsync("x")));
        await Eventually.True(() => backend.Accepted - before >= Few, "some to be served");
        // Those that would come without the bound have come by then.
        await Task.Delay(TimeSpan.FromSeconds(1));
        var served = backend.Accepted - before;
        await Task.WhenAll(clients.Select(AnswerAsync)).WaitAsync(TimeSpan.FromSeconds(60));
        return served;
    }

    private static async Task AnswerAsync(Socket client)
    {
        client.Shutdown(SocketShutdown.Send);
        Assert.Equal("x", await client.ReceiveTextToEndAsync(TimeSpan.FromSeconds(60)));
        client.Dispose();
    }
}

using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Balancing;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tcp;
using Cluster.Dataplane.Tcp.Linux;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Dataplane.Tests.Tcp;

/// <summary>A loop that stood still finds more to do than it is told at once.</summary>
public sealed class StalledLoopTests
{
    private const int Listeners = 10;
    private const int Clients = 600;

    [Fact]
    public async Task Loop_AfterAStall_GivesUpNoBackendThatHasAnswered()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "the loop is Linux's");
        await using TcpBackend one = new(TcpBackend.EchoAsync), other = new(TcpBackend.EchoAsync);
        using var clock = new StallingClock(callsToStallAt: [1, Clients]);
        var directory = new ServiceDirectory(BalancingPolicies.BuiltIn(clock));
        // Affinity asks the clock for each pick, on the loop's thread.
        var port = new ServicePort(new ServicePortId("ns/web", ServiceProtocol.Tcp), 80) { AffinityTimeout = TimeSpan.FromHours(1) };
        var entry = directory.Publish(port, [.. new[] { one.EndPoint, other.EndPoint }.Select(at => new Backend(at.ToString(), at))]);
        await using var relay = new LoopTcpRelay(directory, new TcpRelayOptions(), loops: 1, NullLogger.Instance);
        Frontend[] frontends = [.. Enumerable.Range(1, Listeners).Select(i => new Frontend(port.Id, entry.Slot, IPAddress.Parse($"127.0.0.{i}"), FreePort.Tcp(), TrafficScope.Internal))];
        Assert.All(frontends, frontend => Assert.Equal(FrontendResult.Opened, relay.Open(frontend)));

        // The first holds the loop until the others wait for it, the last until all their backends have answered and the time for that is over.
        Socket[] clients = [.. Enumerable.Range(0, Clients).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp))];
        for (var i = 0; i < Clients; i++) await clients[i].ConnectAsync(frontends[i % Listeners].EndPoint);
        clock.GoOn();
        await clock.StalledAgain.WaitAsync(TimeSpan.FromSeconds(30));
        await Task.Delay(2 * new TcpRelayOptions().ConnectTimeouts[0]);
        clock.GoOn();

        await Eventually.True(() => one.Accepted + other.Accepted >= Clients);
        foreach (var client in clients)
        {
            await client.SendAllAsync("x");
            client.Shutdown(SocketShutdown.Send);
            Assert.Equal("x", await client.ReceiveTextToEndAsync());
            client.Dispose();
        }

        Assert.All(entry.Backends.ToArray(), backend => Assert.Equal((0L, true), (backend.State.Failures, backend.State.IsAvailable)));
        Assert.Equal(Clients, one.Accepted + other.Accepted);
    }

    /// <summary>Holds whoever asks it for the time at some of the calls.</summary>
    private sealed class StallingClock(int[] callsToStallAt) : TimeProvider, IDisposable
    {
        private readonly SemaphoreSlim _goOn = new(0);
        private readonly TaskCompletionSource _stalledAgain = new(TaskCreationOptions.RunContinuationsAsynchronously);
        private int _calls;

        public Task StalledAgain => _stalledAgain.Task;

        public void GoOn() => _goOn.Release();

        public override long GetTimestamp()
        {
            var call = Interlocked.Increment(ref _calls);
            if (call == callsToStallAt[^1]) _stalledAgain.TrySetResult();
            if (callsToStallAt.Contains(call)) _goOn.Wait(TimeSpan.FromSeconds(30));
            return base.GetTimestamp();
        }

        public void Dispose() => _goOn.Dispose();
    }
}

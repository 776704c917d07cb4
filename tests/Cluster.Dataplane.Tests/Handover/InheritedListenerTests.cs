using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Handover;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tcp;
using Cluster.Dataplane.Tcp.Linux;
using Cluster.Dataplane.Tests.Tcp;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Dataplane.Tests.Handover;

/// <summary>The predecessor had fewer loops: its listeners are in the first ones, and once this process serves the others have their own.</summary>
public sealed class InheritedListenerTests
{
    private const int Loops = 4;

    public InheritedListenerTests() => Assert.SkipUnless(OperatingSystem.IsLinux(), "sockets are passed on Linux alone");

    [Fact]
    public async Task Begin_PredecessorWithOneLoop_EveryLoopHasConnections()
    {
        const int connections = 200;
        await using var backend = new TcpBackend(TcpBackend.EchoAsync);
        var directory = new ServiceDirectory();
        var frontend = FrontendOf(directory.Publish(Make.Port("ns/web"), new Backend("a", backend.EndPoint)));
        using var before = new HandoverSockets();
        var first = new LoopTcpRelay(directory, new TcpRelayOptions(), 1, NullLogger.Instance, sockets: before);
        Assert.Equal(FrontendResult.Opened, first.Open(frontend));
        using var after = Successor(before);
        await using var second = new LoopTcpRelay(directory, new TcpRelayOptions(), Loops, NullLogger.Instance, sockets: after);
        second.Hold();
        Assert.Equal(FrontendResult.Opened, second.Open(frontend));
        // It might end before it serves.
        Assert.Single(after.Descriptors());
        first.LetGo();
        await first.DisposeAsync();
        second.Begin();
        Assert.Equal(Loops, after.Descriptors().Length);

        var clients = Enumerable.Range(0, connections).Select(_ => new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp)).ToList();
        foreach (var client in clients) await client.ConnectAsync(frontend.EndPoint, TestContext.Current.CancellationToken);
        await Eventually.True(() => second.Active == connections);
        Assert.All(second.ActiveByLoop, count => Assert.NotEqual(0, count));
        second.Close(frontend);
        Assert.Empty(after.Descriptors());
        using var late = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await Assert.ThrowsAsync<SocketException>(() => late.ConnectAsync(frontend.EndPoint));
        clients.ForEach(client => client.Dispose());
    }

    [Fact]
    public async Task Begin_PredecessorWithOneLoop_ConnectionsAreSteeredToEveryLoop()
    {
        var directory = new ServiceDirectory();
        var frontend = FrontendOf(directory.Publish(Make.Port("ns/web"), Make.Backends(1)));
        using var before = new HandoverSockets();
        await using var first = new LoopTcpRelay(directory, new TcpRelayOptions(), 1, NullLogger.Instance, new NotedSteering(), before);
        Assert.Equal(FrontendResult.Opened, first.Open(frontend));
        using var after = Successor(before);
        var steering = new NotedSteering();
        await using var second = new LoopTcpRelay(directory, new TcpRelayOptions(), Loops, NullLogger.Instance, steering, after);
        second.Hold();
        Assert.Equal(FrontendResult.Opened, second.Open(frontend));
        var inherited = Assert.Single(steering.Listeners);
        first.LetGo();
        second.Begin();
        Assert.Equal(Loops, steering.Listeners.Distinct().Count());
        // Connections may wait in it.
        Assert.Equal(inherited, steering.Listeners[0]);
        Assert.Equal(steering.Listeners.Order(), after.Descriptors().Order());
    }

    private static Frontend FrontendOf(ServiceEntry entry) => new(entry.Port.Id, entry.Slot, IPAddress.Loopback, FreePort.Tcp(), TrafficScope.Internal);

    private static HandoverSockets Successor(HandoverSockets before)
    {
        var after = new HandoverSockets { IsTakingOver = true };
        foreach (var descriptor in before.Descriptors())
        {
            Assert.True(before.TryCopy(descriptor, out var kind, out var copy));
            after.Receive(kind, copy);
        }

        return after;
    }

    private sealed class NotedSteering : ISocketSteering
    {
        public IReadOnlyList<int> Listeners { get; private set; } = [];

        public bool Covers(IPAddress address) => true;

        public void SetListeners(AddressFamily family, IReadOnlyList<int> descriptors) => Listeners = descriptors;

        public void SetReceiver(AddressFamily family, int descriptor)
        {
        }

        public void Add(Place place)
        {
        }

        public void Remove(Place place)
        {
        }
    }
}

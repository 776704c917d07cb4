using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;
using Microsoft.Extensions.Logging;

namespace Cluster.Dataplane.Tcp.Linux;

/// <summary>Relays TCP on Linux by event loops of its own, one a core.</summary>
public sealed class LoopTcpRelay : IRelay
{
    /// <summary>As the managed path: the kernel cuts it to net.core.somaxconn.</summary>
    private const int Backlog = 4096;

    /// <summary>
    /// So many frontends get a listener in every loop (the kernel then spreads connections); past it each lives in one loop, so that
    /// 10,000 services do not take 10,000 descriptors a core.
    /// </summary>
    private const int SharedFrontends = 512;

    /// <summary>What shared listeners are set up for: clients of every kind.</summary>
    private static readonly Frontend Anywhere = new(default, 0, IPAddress.Any, 0, TrafficScope.Internal);

    private readonly TcpLoop[] _loops;
    private readonly Dictionary<Frontend, (TcpLoop Loop, int Descriptor)[]> _frontends = [];
    private readonly SteeredFrontends _steered = new();
    private readonly ISocketSteering? _steering;
    private readonly HashSet<AddressFamily> _listening = [];

    /// <param name="directory">Read for each pick.</param>
    /// <param name="options">Time-outs and bounds.</param>
    /// <param name="loops">Threads; 0: one a core.</param>
    /// <param name="logger">Told when accepting rests.</param>
    /// <param name="steering">Brings connections to virtual addresses to a listener of each loop; null: each frontend listens itself.</param>
    public LoopTcpRelay(ServiceDirectory directory, TcpRelayOptions options, int loops, ILogger logger, ISocketSteering? steering = null)
    {
        _steering = steering;
        int count = loops > 0 ? loops : Environment.ProcessorCount;
        int limit = options.MaxConnections > 0 ? options.MaxConnections : DescriptorBudget.Of(ResourceLimits.OpenFiles).TcpConnections;
        _loops = [.. Enumerable.Range(0, count).Select(number => new TcpLoop($"tcp-loop-{number}", directory, options, Math.Max(1, limit / count), logger))];
    }

    public ServiceProtocol Protocol => ServiceProtocol.Tcp;

    /// <summary>Connections being served now.</summary>
    public int Active => _loops.Sum(loop => loop.Connections);

    public bool TakesSocket(Frontend frontend) => _steering?.Covers(frontend.Address) != true;

    public FrontendResult Open(Frontend frontend)
    {
        if (!TakesSocket(frontend)) return OpenSteered(frontend);
        TcpLoop[] loops = _frontends.Count < SharedFrontends ? _loops : [_loops[frontend.Slot % _loops.Length]];
        var listeners = new (TcpLoop Loop, int Descriptor)[loops.Length];
        IPEndPoint endPoint = frontend.EndPoint;
        // A listener of another process would share the port with ours silently if it too asked for SO_REUSEPORT: found out first.
        FrontendResult taken = ListenSockets.Probe(endPoint);
        if (!taken.IsOpen) return taken;
        for (int i = 0; i < loops.Length; i++)
        {
            int descriptor = SocketCalls.ListenTcp(endPoint, Backlog);
            if (descriptor < 0)
            {
                FrontendResult failure = ListenSockets.Failure(SocketCalls.Error);
                for (int opened = 0; opened < i; opened++) SocketCalls.Close(listeners[opened].Descriptor);
                return failure;
            }

            listeners[i] = (loops[i], descriptor);
        }

        _frontends.Add(frontend, listeners);
        foreach ((TcpLoop loop, int descriptor) in listeners) loop.Post(target => target.AddListener(new LoopListener(descriptor, frontend)));
        return FrontendResult.Opened;
    }

    public void Close(Frontend frontend)
    {
        if (_steered.Remove(frontend)) _steering!.Remove(frontend.Place);
        if (!_frontends.Remove(frontend, out (TcpLoop Loop, int Descriptor)[]? listeners)) return;
        using var closed = new CountdownEvent(listeners.Length);
        foreach ((TcpLoop loop, int descriptor) in listeners)
        {
            loop.Post(target =>
            {
                target.RemoveListener(descriptor);
                closed.Signal();
            });
        }

        // A loop runs posted actions within a turn, under a millisecond: when this returns, the port refuses.
        closed.Wait();
    }

    // Established connections stay with their backend: a pod on its way out finishes what it began.
    public void BackendsChanged(ServiceEntry entry)
    {
    }

    // Its place is told from the others' by the address connections are made to: no socket, nothing that could be taken.
    private FrontendResult OpenSteered(Frontend frontend)
    {
        if (!_listening.Contains(frontend.Address.AddressFamily))
        {
            // By family: a host without one serves the other, and its frontends of the missing one say so and are tried again.
            FrontendResult opened = ListenForAll(frontend.Address.AddressFamily == AddressFamily.InterNetworkV6 ? IPAddress.IPv6Loopback : IPAddress.Loopback);
            if (!opened.IsOpen) return opened;
            _listening.Add(frontend.Address.AddressFamily);
        }

        if (!_steered.TryAdd(frontend)) return new FrontendResult(FrontendError.PortInUse, "another service has this address and port");
        _steering!.Add(frontend.Place);
        return FrontendResult.Opened;
    }

    /// <summary>A listener in every loop, on a port of the kernel's choice: what reaches it there and not by a service's address is reset.</summary>
    private FrontendResult ListenForAll(IPAddress address)
    {
        var descriptors = new int[_loops.Length];
        for (int i = 0; i < descriptors.Length; i++)
        {
            descriptors[i] = SocketCalls.ListenTcp(new IPEndPoint(address, 0), Backlog);
            if (descriptors[i] >= 0) continue;
            FrontendResult failure = ListenSockets.Failure(SocketCalls.Error);
            for (int opened = 0; opened < i; opened++) SocketCalls.Close(descriptors[opened]);
            return failure;
        }

        _steering!.SetListeners(address.AddressFamily, descriptors);
        for (int i = 0; i < descriptors.Length; i++)
        {
            int descriptor = descriptors[i];
            _loops[i].Post(target => target.AddListener(new LoopListener(descriptor, Anywhere, _steered)));
        }

        return FrontendResult.Opened;
    }

    public ValueTask DisposeAsync()
    {
        foreach (TcpLoop loop in _loops) loop.Dispose();
        return ValueTask.CompletedTask;
    }
}

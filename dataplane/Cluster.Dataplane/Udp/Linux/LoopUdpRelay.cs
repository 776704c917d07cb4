using System.Net;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Udp.Linux;

/// <summary>Relays UDP on Linux by event loops of its own, one a core.</summary>
/// <remarks>
/// Every loop has a socket of each frontend; the kernel spreads clients over them by a hash of both addresses, so a client's flow
/// stays with one loop and loops share nothing.
/// </remarks>
public sealed class LoopUdpRelay : IRelay
{
    /// <summary>
    /// So many frontends get a socket in every loop; past it each lives in one loop, so that 10,000 services do not take 10,000
    /// descriptors a core.
    /// </summary>
    private const int SharedFrontends = 512;

    private readonly UdpLoop[] _loops;
    private readonly Dictionary<Frontend, (UdpLoop Loop, int Descriptor)[]> _frontends = [];
    private readonly Dictionary<int, int> _slots = [];
    private int _nextId;

    /// <param name="directory">Read for each batch of datagrams.</param>
    /// <param name="options">Time-outs and bounds.</param>
    /// <param name="loops">Threads; 0: one a core.</param>
    /// <param name="time">What idle time is measured by.</param>
    public LoopUdpRelay(ServiceDirectory directory, UdpRelayOptions options, int loops, TimeProvider time)
    {
        int count = loops > 0 ? loops : Environment.ProcessorCount;
        int sessions = options.MaxSessions > 0 ? options.MaxSessions : DescriptorBudget.Of(ResourceLimits.OpenFiles).UdpSessions;
        _loops = [.. Enumerable.Range(0, count).Select(number => new UdpLoop(
            $"udp-loop-{number}", directory, options, Math.Max(1, sessions / count), Math.Max(1, options.MaxOneWayFlows / count), time))];
    }

    public ServiceProtocol Protocol => ServiceProtocol.Udp;

    /// <summary>Flows being served now.</summary>
    public int Active => _loops.Sum(loop => loop.Flows);

    public FrontendResult Open(Frontend frontend)
    {
        UdpLoop[] loops = _frontends.Count < SharedFrontends ? _loops : [_loops[frontend.Slot % _loops.Length]];
        var sockets = new (UdpLoop Loop, int Descriptor)[loops.Length];
        IPEndPoint endPoint = frontend.EndPoint;
        // A socket of another process would share the port with ours silently if it too asked for SO_REUSEPORT: found out first.
        FrontendResult taken = ListenSockets.Probe(endPoint, ServiceProtocol.Udp);
        if (!taken.IsOpen) return taken;
        for (int i = 0; i < loops.Length; i++)
        {
            int descriptor = DatagramCalls.Listen(endPoint);
            if (descriptor < 0)
            {
                FrontendResult failure = ListenSockets.Failure(SocketCalls.Error);
                for (int opened = 0; opened < i; opened++) SocketCalls.Close(sockets[opened].Descriptor);
                return failure;
            }

            sockets[i] = (loops[i], descriptor);
        }

        Add(frontend, sockets);
        return FrontendResult.Opened;
    }

    public void Close(Frontend frontend)
    {
        if (!_frontends.Remove(frontend, out (UdpLoop Loop, int Descriptor)[]? sockets)) return;
        if (--_slots[frontend.Slot] == 0) _slots.Remove(frontend.Slot);
        using var closed = new CountdownEvent(sockets.Length);
        foreach ((UdpLoop loop, int descriptor) in sockets)
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

    public void BackendsChanged(ServiceEntry entry)
    {
        if (!_slots.ContainsKey(entry.Slot)) return;
        foreach (UdpLoop loop in _loops) loop.Post(target => target.EndUnserved(entry));
    }

    public ValueTask DisposeAsync()
    {
        foreach (UdpLoop loop in _loops) loop.Dispose();
        return ValueTask.CompletedTask;
    }

    private void Add(Frontend frontend, (UdpLoop Loop, int Descriptor)[] sockets)
    {
        int id = _nextId++;
        _frontends.Add(frontend, sockets);
        _slots[frontend.Slot] = _slots.GetValueOrDefault(frontend.Slot) + 1;
        // All are bound by now: from the first datagram on a client's flow has the loop that it will keep.
        foreach ((UdpLoop loop, int descriptor) in sockets) loop.Post(target => target.AddListener(new UdpListener(id, descriptor, frontend)));
    }
}

using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;
using Microsoft.Extensions.Logging;

namespace Cluster.Dataplane.Udp.Linux;

/// <summary>Relays UDP on Linux by event loops of its own, one a core.</summary>
/// <remarks>
/// Every loop has a socket of each frontend, or, where datagrams to virtual addresses can be steered, two of each family for all frontends
/// there. Either way the kernel spreads clients over the loops by a hash of both addresses, so a client's flow stays with one loop and
/// loops share nothing.
/// </remarks>
public sealed class LoopUdpRelay : IRelay
{
    /// <summary>
    /// So many frontends get a socket in every loop; past it each lives in one loop, so that 10,000 services do not take 10,000
    /// descriptors a core.
    /// </summary>
    private const int SharedFrontends = 512;

    private readonly UdpLoop[] _loops;
    private readonly Dictionary<Frontend, OpenFrontend> _frontends = [];
    private readonly Dictionary<int, int> _slots = [];
    private readonly Dictionary<AddressFamily, SteeredSockets[]> _steered = [];
    private readonly ISocketSteering? _steering;
    private int _nextId;
    private int _ownSockets;

    /// <param name="directory">Read for each batch of datagrams.</param>
    /// <param name="options">Time-outs and bounds.</param>
    /// <param name="loops">Threads; 0: one a core.</param>
    /// <param name="logger">Told where steering is not possible.</param>
    /// <param name="time">What idle time is measured by.</param>
    /// <param name="steering">Brings datagrams to virtual addresses to sockets of the loops; null: each frontend has its own.</param>
    public LoopUdpRelay(ServiceDirectory directory, UdpRelayOptions options, int loops, ILogger logger, TimeProvider time, ISocketSteering? steering = null)
    {
        _steering = steering;
        int count = loops > 0 ? loops : Environment.ProcessorCount;
        int sessions = options.MaxSessions > 0 ? options.MaxSessions : DescriptorBudget.Of(ResourceLimits.OpenFiles).UdpSessions;
        _loops = [.. Enumerable.Range(0, count).Select(number => new UdpLoop(
            $"udp-loop-{number}", directory, options, Math.Max(1, sessions / count), Math.Max(1, options.MaxOneWayFlows / count), time))];
        if (steering is null) return;
        Steer(AddressFamily.InterNetwork, steering, logger);
        // Without IPv6 there are no frontends of it either.
        if (Socket.OSSupportsIPv6) Steer(AddressFamily.InterNetworkV6, steering, logger);
    }

    public ServiceProtocol Protocol => ServiceProtocol.Udp;

    /// <summary>Flows being served now.</summary>
    public int Active => _loops.Sum(loop => loop.Flows);

    public bool TakesSocket(Frontend frontend) => !_steered.ContainsKey(frontend.Address.AddressFamily) || !_steering!.Covers(frontend.Address);

    public FrontendResult Open(Frontend frontend)
    {
        if (!TakesSocket(frontend)) return OpenSteered(frontend);
        UdpLoop[] loops = _ownSockets < SharedFrontends ? _loops : [_loops[frontend.Slot % _loops.Length]];
        var descriptors = new int[loops.Length];
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
                for (int opened = 0; opened < i; opened++) SocketCalls.Close(descriptors[opened]);
                return failure;
            }

            descriptors[i] = descriptor;
        }

        _ownSockets++;
        // All are bound by now: from the first datagram on a client's flow has the loop that it will keep.
        Add(frontend, loops, isSteered: false, (id, i) => new UdpListener(id, descriptors[i], frontend));
        return FrontendResult.Opened;
    }

    public void Close(Frontend frontend)
    {
        if (!_frontends.Remove(frontend, out OpenFrontend open)) return;
        if (--_slots[frontend.Slot] == 0) _slots.Remove(frontend.Slot);
        if (open.IsSteered) _steering!.Remove(frontend.Place);
        else _ownSockets--;
        using var closed = new CountdownEvent(open.Loops.Length);
        foreach (UdpLoop loop in open.Loops)
        {
            loop.Post(target =>
            {
                target.RemoveListener(open.Id);
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

    private void Steer(AddressFamily family, ISocketSteering steering, ILogger logger)
    {
        SteeredSockets[] sockets = SteeredSockets.Open(family, _loops.Length);
        if (sockets.Length == 0)
        {
            string reason = Marshal.GetPInvokeErrorMessage(SocketCalls.Error);
            logger.LogWarning("UDP service ports have sockets of their own, which the host's listeners may be in the way of: {Reason}", reason);
            return;
        }

        try
        {
            steering.SetReceiver(family, sockets[0].Receiver);
        }
        catch (Win32Exception exception)
        {
            logger.LogWarning("UDP service ports have sockets of their own, which the host's listeners may be in the way of: {Reason}", exception.Message);
            foreach (SteeredSockets opened in sockets) opened.Close();
            return;
        }

        _steered.Add(family, sockets);
        for (int i = 0; i < sockets.Length; i++)
        {
            SteeredSockets own = sockets[i];
            _loops[i].Post(target => target.AddSteered(own));
        }
    }

    // Told from the others by the address datagrams are sent to: no socket, nothing that could be taken.
    private FrontendResult OpenSteered(Frontend frontend)
    {
        SteeredSockets[] sockets = _steered[frontend.Address.AddressFamily];
        Add(frontend, _loops, isSteered: true, (id, i) => new UdpListener(id, frontend, sockets[i]));
        _steering!.Add(frontend.Place);
        return FrontendResult.Opened;
    }

    private void Add(Frontend frontend, UdpLoop[] loops, bool isSteered, Func<int, int, UdpListener> listenerOf)
    {
        int id = _nextId++;
        _frontends.Add(frontend, new OpenFrontend(id, loops, isSteered));
        _slots[frontend.Slot] = _slots.GetValueOrDefault(frontend.Slot) + 1;
        for (int i = 0; i < loops.Length; i++)
        {
            UdpListener listener = listenerOf(id, i);
            loops[i].Post(target => target.AddListener(listener));
        }
    }

    private readonly record struct OpenFrontend(int Id, UdpLoop[] Loops, bool IsSteered);
}

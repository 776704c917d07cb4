using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Handover;

/// <summary>The listening sockets of this process: those it has from its predecessor, until somebody asks for them, and those it could leave to a successor.</summary>
/// <remarks>Any thread. Who opens a listening socket asks here first, adds what it has, and removes it before it closes it.</remarks>
public sealed class HandoverSockets : IDisposable
{
    private readonly Lock _lock = new();
    private readonly Dictionary<int, ListenerKind> _own = [];
    private readonly List<Inherited> _inherited = [];

    public HandoverSockets()
    {
        if (OperatingSystem.IsLinux()) UnusedSocket.Open();
    }

    /// <summary>Another process serves still: nothing may be accepted or received before it has let go.</summary>
    public bool IsTakingOver { get; internal set; }

    /// <summary>The predecessor's sockets for a purpose, which are the caller's from now on; none: it has to open its own.</summary>
    /// <param name="kind">What for.</param>
    /// <param name="protocol">TCP or UDP.</param>
    /// <param name="endPoint">Where it listens; of <see cref="ListenerKind.Steered"/> the family alone counts.</param>
    public int[] Inherit(ListenerKind kind, ServiceProtocol protocol, IPEndPoint endPoint)
    {
        lock (_lock)
        {
            if (_inherited.Count == 0) return [];
            List<Inherited> found = _inherited.FindAll(socket => socket.Kind == kind && socket.Protocol == protocol
                && (kind == ListenerKind.Steered ? socket.EndPoint.AddressFamily == endPoint.AddressFamily : socket.EndPoint.Equals(endPoint)));
            foreach (Inherited socket in found) _inherited.Remove(socket);
            return [.. found.Select(socket => socket.Descriptor)];
        }
    }

    /// <summary>Takes back what <see cref="Inherit"/> gave, for the next who asks: there was something else in the way of serving by it.</summary>
    public void GiveBack(ListenerKind kind, ServiceProtocol protocol, IPEndPoint endPoint, int[] descriptors)
    {
        lock (_lock) _inherited.AddRange(descriptors.Select(descriptor => new Inherited(kind, protocol, endPoint, descriptor)));
    }

    /// <summary>The same as the runtime's own sockets.</summary>
    public Socket[] InheritSockets(ListenerKind kind, ServiceProtocol protocol, IPEndPoint endPoint) => [.. Inherit(kind, protocol, endPoint).Select(Wrap)];

    /// <summary>Notes a listening socket that the caller has.</summary>
    public void Add(ListenerKind kind, int descriptor)
    {
        lock (_lock) _own[descriptor] = kind;
    }

    /// <summary>Forgets a listening socket; before it is closed, for its number may be another's at once.</summary>
    public void Remove(int descriptor)
    {
        lock (_lock) _own.Remove(descriptor);
    }

    /// <summary>
    /// Lets go of a socket that the next process has, before it is disposed: where a call on it has not quite returned, the runtime shuts a
    /// socket down to end the call, and that would be the end of the next process's listening too.
    /// </summary>
    public static void Abandon(Socket socket)
    {
        if (OperatingSystem.IsLinux()) SocketCalls.Abandon((int)socket.Handle);
    }

    /// <summary>Closes what nobody has asked for.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            foreach (Inherited socket in _inherited) SocketCalls.Close(socket.Descriptor);
            _inherited.Clear();
        }
    }

    /// <summary>Takes what the predecessor sent; what is no listening socket of ours is closed.</summary>
    internal void Receive(ListenerKind kind, int descriptor)
    {
        if (!Enum.IsDefined(kind) || SocketCalls.Protocol(descriptor) is not { } protocol || SocketCalls.LocalEndPoint(descriptor) is not { } endPoint)
        {
            SocketCalls.Close(descriptor);
            return;
        }

        lock (_lock) _inherited.Add(new Inherited(kind, protocol, endPoint, descriptor));
    }

    /// <summary>Descriptors of all that this process listens on, as of now; some may be closed by the time they are looked at.</summary>
    internal int[] Descriptors()
    {
        lock (_lock) return [.. _own.Keys];
    }

    /// <summary>A second descriptor of one of them, which stays when the first is closed; false where it is closed by now.</summary>
    /// <exception cref="HandoverException">There is no descriptor left for it: the successor would lack what this process listens on.</exception>
    internal bool TryCopy(int descriptor, out ListenerKind kind, out int copy)
    {
        lock (_lock)
        {
            copy = -1;
            if (!_own.TryGetValue(descriptor, out kind)) return false;
            copy = SocketCalls.Duplicate(descriptor);
            return copy >= 0 ? true : throw new HandoverException("the running process is out of descriptors");
        }
    }

    /// <summary>The runtime's own socket of a descriptor, which closes it.</summary>
    /// <remarks>Non-blocking it is anyway; but the runtime does not look, and would wait where it should not.</remarks>
    internal static Socket Wrap(int descriptor) => Wrap(new SafeSocketHandle(descriptor, ownsHandle: true));

    /// <summary>The same of a handle, which who made it can take the descriptor out of again where what the socket was for fails.</summary>
    internal static Socket Wrap(SafeSocketHandle handle) => new(handle) { Blocking = false };

    private sealed record Inherited(ListenerKind Kind, ServiceProtocol Protocol, IPEndPoint EndPoint, int Descriptor);
}

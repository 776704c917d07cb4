using System.Net.Sockets;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Udp.Linux;

/// <summary>A frontend in one loop: clients' datagrams come in by a socket of its own or are steered to the loop's.</summary>
internal sealed class UdpListener
{
    private readonly bool _isWildcard;
    private readonly PacketSource _source;

    /// <summary>A frontend with a socket of its own, by which replies leave too.</summary>
    /// <param name="id">The frontend's number in the relay; never used again for another.</param>
    /// <param name="descriptor">The bound socket.</param>
    /// <param name="frontend">What is served.</param>
    public UdpListener(int id, int descriptor, Frontend frontend)
        : this(id, frontend, new ReplySocket(descriptor, frontend.Address.AddressFamily == AddressFamily.InterNetworkV6, isRaw: false))
    {
        _isWildcard = DatagramCalls.IsWildcard(frontend.Address);
        Cookie = SocketCalls.Cookie(descriptor);
    }

    /// <summary>A frontend whose datagrams are steered to the loop's own sockets.</summary>
    public UdpListener(int id, Frontend frontend, SteeredSockets sockets)
        : this(id, frontend, sockets.Replies)
    {
        IsSteered = true;
        _source = new PacketSource(ClientAddress.From(frontend.Address), 0);
    }

    private UdpListener(int id, Frontend frontend, ReplySocket replies)
    {
        Id = id;
        Frontend = frontend;
        Replies = replies;
    }

    public int Id { get; }

    public Frontend Frontend { get; }

    /// <summary>Where replies leave; the socket datagrams come in by too, unless they are steered.</summary>
    public ReplySocket Replies { get; }

    public bool IsSteered { get; }

    /// <summary>Its own socket, as the kernel names it in every process; 0 where it is steered, for the loop may have several receivers.</summary>
    public ulong Cookie { get; }

    /// <summary>Its flows, whatever their mode.</summary>
    public HashSet<LoopFlow> Flows { get; } = [];

    /// <summary>Per-datagram mode: sockets that wait for the next question, by the backend they are connected to.</summary>
    public Dictionary<BackendState, QuestionPool> Pools { get; } = [];

    /// <summary>The client flow a received datagram belongs to.</summary>
    public FlowKey KeyOf(ReceiveBatch batch, int index)
    {
        ClientAddress client = batch.Sender(index, out ushort port, out uint scope);
        return new FlowKey(client, scope, port, Id, _isWildcard ? batch.Destination(index) : _source);
    }

    /// <summary>Whether a flow's own address of this node is told as it is here: where the socket has several, and only there.</summary>
    public bool Knows(PacketSource local) => _isWildcard ? local.IsKnown : local == _source;

    /// <summary>Forgets the pools of backends that are gone for good; their sockets are closed by then, or close with their answer.</summary>
    public void ForgetGone(ServiceEntry entry)
    {
        if (Pools.Count <= entry.Backends.Length) return;
        var present = new HashSet<BackendState>(entry.Backends.Length);
        foreach (Backend backend in entry.Backends) present.Add(backend.State);
        foreach (BackendState state in Pools.Keys)
            if (!present.Contains(state)) Pools.Remove(state);
    }
}

using System.Net.Sockets;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Udp.Linux;

/// <summary>One loop's socket of a frontend: clients' datagrams come in by it, and replies leave by it.</summary>
internal sealed class UdpListener(int id, int descriptor, Frontend frontend)
{
    /// <summary>Batches that are sent without joining after one client's way did not take it: the others get their chance again.</summary>
    private const int JoinRest = 1000;

    private readonly bool _isWildcard = DatagramCalls.IsWildcard(frontend.Address);

    private int _joinRest;

    /// <summary>The frontend's number in the relay; never used again for another.</summary>
    public int Id { get; } = id;

    public int Descriptor { get; } = descriptor;

    public Frontend Frontend { get; } = frontend;

    public bool IsV6 { get; } = frontend.Address.AddressFamily == AddressFamily.InterNetworkV6;

    /// <summary>Its flows, whatever their mode.</summary>
    public HashSet<LoopFlow> Flows { get; } = [];

    /// <summary>Per-datagram mode: sockets that wait for the next question, by the backend they are connected to.</summary>
    public Dictionary<BackendState, QuestionPool> Pools { get; } = [];

    /// <summary>First and last of the replies that wait to leave by it; -1 for none.</summary>
    public int ReplyHead { get; set; } = -1;

    public int ReplyTail { get; set; } = -1;

    /// <summary>Whether the next batch may hold joined datagrams.</summary>
    public bool MayJoin() => _joinRest == 0 || --_joinRest == 0;

    public void RestFromJoining() => _joinRest = JoinRest;

    /// <summary>The client flow a received datagram belongs to.</summary>
    public FlowKey KeyOf(ReceiveBatch batch, int index)
    {
        ClientAddress client = batch.Sender(index, out ushort port, out uint scope);
        return new FlowKey(client, scope, port, Id, _isWildcard ? batch.Destination(index) : default);
    }

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

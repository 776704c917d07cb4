using Cluster.Dataplane.Balancing;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Udp.Linux;

/// <summary>Per-datagram mode: each datagram is a question balanced by itself, and the next datagram from its socket is the answer.</summary>
/// <remarks>
/// A question borrows a socket connected to its backend and nobody else uses that meanwhile: so the answer finds who asked, whatever
/// the datagrams say. A question without an answer in time takes its socket with it, and a late answer meets a closed port.
/// Used by its loop's thread alone; no allocation per datagram in the steady state.
/// </remarks>
internal sealed class QuestionForwarder(LoopFlows flows, ReceiveBatch received, UdpCounts counts)
{
    private const int Attempts = 3;

    /// <summary>Passes received datagrams on: a part of the batch that is for one frontend.</summary>
    public void Forward(UdpListener listener, ServiceEntry entry, int first, int count)
    {
        for (int i = first; i < first + count; i++)
        {
            FlowKey key = listener.KeyOf(received, i);
            if (Ask(listener, entry, key, received[i])) counts.ToBackends++;
            else counts.Dropped++;
        }
    }

    /// <summary>The answer has been passed on: the socket rests.</summary>
    public void Answered(LoopFlow flow)
    {
        flows.EndQuestion(flow);
        if (flow.IsRetired) flows.Release(flow);
        else PoolOf(flow.Listener!, flow.Backend!).Return(flow);
    }

    private bool Ask(UdpListener listener, ServiceEntry entry, in FlowKey key, ReadOnlySpan<byte> question)
    {
        Backend? failed = null;
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            Backend? backend = entry.Pick(new PickContext(listener.Frontend.Scope, key.Client, failed));
            if (backend is null || FlowTo(listener, backend, key, entry) is not { } flow) return false;
            flows.Ask(flow, key);
            flows.Moved(flow, question.Length, 0);
            if (TrySend(flow, question)) return true;
            bool lost = DatagramCalls.IsLoss(SocketCalls.Error);
            flows.Release(flow);
            if (lost) return false;
            backend.State.Failed();
            failed = backend;
        }

        return false;
    }

    private LoopFlow? FlowTo(UdpListener listener, Backend backend, in FlowKey key, ServiceEntry entry) =>
        PoolOf(listener, backend).Take(any: flows.IsFull(UdpMode.PerDatagram)) ?? flows.Open(listener, key, UdpMode.PerDatagram, backend, entry);

    private static bool TrySend(LoopFlow flow, ReadOnlySpan<byte> question)
    {
        while (SocketCalls.Send(flow.Descriptor, question) < 0)
            if (SocketCalls.Error != Errno.EINTR) return false;
        if (!flow.IsNew) return true;
        flow.IsNew = false;
        // A backend near by that does not exist has said so by now.
        return SocketCalls.TakeError(flow.Descriptor) == 0;
    }

    private static QuestionPool PoolOf(UdpListener listener, Backend backend)
    {
        // The state is what stays of a backend from table to table, and another pod at its address has another.
        if (!listener.Pools.TryGetValue(backend.State, out QuestionPool? pool)) listener.Pools.Add(backend.State, pool = new QuestionPool());
        return pool;
    }
}

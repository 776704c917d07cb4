using Cluster.Dataplane.Balancing;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Udp.Linux;

/// <summary>Session mode: each client's flow has a socket connected to its backend. A batch's datagrams of one flow leave by one call.</summary>
/// <remarks>Used by its loop's thread alone. Per datagram one look-up, and no allocation.</remarks>
internal sealed class SessionForwarder
{
    /// <summary>A backend that refuses is left for the next at once, but a datagram is not offered to all of a large service.</summary>
    private const int Attempts = 3;

    private readonly LoopFlows _flows;
    private readonly ReceiveBatch _received;
    private readonly UdpCounts _counts;
    private readonly SendBatch _out;
    private readonly int[] _next;
    private readonly List<LoopFlow> _touched;

    public SessionForwarder(LoopFlows flows, ReceiveBatch received, UdpCounts counts)
    {
        _flows = flows;
        _received = received;
        _counts = counts;
        _out = new SendBatch(received.Capacity);
        _next = new int[received.Capacity];
        _touched = new List<LoopFlow>(received.Capacity);
    }

    /// <summary>Passes received datagrams on: a part of the batch that is for one frontend.</summary>
    public void Forward(UdpListener listener, ServiceEntry entry, int first, int count)
    {
        for (int i = first; i < first + count; i++)
        {
            FlowKey key = listener.KeyOf(_received, i);
            if (FlowOf(listener, key, entry) is { } flow) Append(flow, i);
            else _counts.Dropped++;
        }

        SendTouched(entry);
    }

    /// <summary>Leaves a backend that refuses for another; false where there is none, and the flow stays as it is, or where it has ended.</summary>
    public bool MoveOn(LoopFlow flow, ServiceEntry entry)
    {
        Backend refusing = flow.Backend!;
        refusing.State.Failed();
        Backend? next = entry.Pick(new PickContext(flow.Listener!.Frontend.Scope, flow.Key.Client, refusing) { Moves = true });
        return next is not null && !next.IsSameAs(refusing) && _flows.Move(flow, next, entry);
    }

    private LoopFlow? FlowOf(UdpListener listener, in FlowKey key, ServiceEntry entry)
    {
        if (_flows.Find(key) is { } known)
        {
            if (ReferenceEquals(known.ValidFor, entry)) return known;
            if (known.Mode == UdpMode.Session && entry.Serves(known.Backend!, listener.Frontend.Scope, key.Client))
            {
                known.ValidFor = entry;
                return known;
            }

            SendTouched(entry);
            if (known.IsOpen) _flows.Release(known);
        }

        if (entry.Pick(new PickContext(listener.Frontend.Scope, key.Client)) is not { } backend) return null;
        // Whoever has to make room may have a datagram in this very batch.
        if (_flows.IsFull(UdpMode.Session)) SendTouched(entry);
        return _flows.Open(listener, key, UdpMode.Session, backend, entry);
    }

    private void Append(LoopFlow flow, int index)
    {
        _next[index] = -1;
        if (flow.BatchHead < 0)
        {
            flow.BatchHead = index;
            _touched.Add(flow);
            _flows.Touch(flow);
        }
        else
        {
            _next[flow.BatchTail] = index;
        }

        flow.BatchTail = index;
        _flows.Moved(flow, _received[index].Length, 0);
    }

    private void SendTouched(ServiceEntry entry)
    {
        foreach (LoopFlow flow in _touched)
        {
            _out.Clear();
            _out.Joins = flow.Joins;
            for (int i = flow.BatchHead; i >= 0; i = _next[i]) _out.Add(_received[i]);
            flow.BatchHead = flow.BatchTail = -1;
            Send(flow, entry);
        }

        _touched.Clear();
    }

    private void Send(LoopFlow flow, ServiceEntry entry)
    {
        for (int attempt = 0; attempt < Attempts; attempt++)
        {
            long before = _counts.ToBackends;
            bool refused = !TrySend(flow);
            if (flow.IsNew)
            {
                flow.IsNew = false;
                // A backend near by that does not exist has said so by now: then nothing is lost, all goes to another.
                if (!refused && SocketCalls.TakeError(flow.Descriptor) != 0)
                {
                    refused = true;
                    _counts.ToBackends = before;
                    _out.Rewind();
                }
            }

            if (!refused) return;
            if (!MoveOn(flow, entry)) break;
        }

        _counts.Dropped += _out.Count - _out.Done;
    }

    /// <summary>Sends what is left of the batch; false where the backend refuses.</summary>
    private bool TrySend(LoopFlow flow)
    {
        while (_out.Done < _out.Count)
        {
            int went = _out.Send(flow.Descriptor);
            if (went > 0)
            {
                _counts.ToBackends += went;
                continue;
            }

            int error = SocketCalls.Error;
            if (error == Errno.EINTR) continue;
            if (DatagramCalls.IsOfJoined(error) && _out.Separate()) flow.Joins = false;
            else if (DatagramCalls.IsLoss(error)) _counts.Dropped += _out.Skip();
            else return false;
        }

        return true;
    }
}

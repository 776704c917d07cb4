using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Udp.Linux;

/// <summary>Backends' datagrams on their way to clients: those for one frontend leave by one call. Used by its loop's thread alone.</summary>
internal sealed class ReplyQueue(int capacity, UdpCounts counts)
{
    private readonly DatagramSlots _slots = new(capacity);
    private readonly SendBatch _batch = new(capacity);
    private readonly FlowKey[] _keys = new FlowKey[capacity];
    private readonly int[] _lengths = new int[capacity];
    private readonly int[] _next = new int[capacity];
    private readonly List<UdpListener> _listeners = new(capacity);
    private int _count;

    public bool IsFull => _count == capacity;

    /// <summary>Where the next datagram is received into.</summary>
    public Span<byte> Slot => _slots[_count];

    /// <summary>Takes the datagram in <see cref="Slot"/>.</summary>
    public void Add(UdpListener listener, in FlowKey key, int length)
    {
        int slot = _count++;
        _keys[slot] = key;
        _lengths[slot] = length;
        _next[slot] = -1;
        if (listener.ReplyHead < 0)
        {
            listener.ReplyHead = slot;
            _listeners.Add(listener);
        }
        else
        {
            _next[listener.ReplyTail] = slot;
        }

        listener.ReplyTail = slot;
    }

    /// <summary>Sends all that wait.</summary>
    public void Flush()
    {
        if (_count == 0) return;
        foreach (UdpListener listener in _listeners)
        {
            _batch.Clear();
            _batch.Joins = listener.MayJoin();
            for (int slot = listener.ReplyHead, before = -1; slot >= 0; before = slot, slot = _next[slot])
            {
                ref FlowKey key = ref _keys[slot];
                bool same = before >= 0 && key == _keys[before];
                _batch.Add(_slots[slot][.._lengths[slot]], listener.IsV6, key.Client, key.Port, key.Scope, key.Local, same);
            }

            listener.ReplyHead = listener.ReplyTail = -1;
            Send(listener);
        }

        _listeners.Clear();
        _count = 0;
    }

    private void Send(UdpListener listener)
    {
        while (_batch.Done < _batch.Count)
        {
            int went = _batch.Send(listener.Descriptor);
            if (went > 0)
            {
                counts.ToClients += went;
                continue;
            }

            int error = SocketCalls.Error;
            if (error == Errno.EINTR) continue;
            // A full queue, a filter, a client that became unreachable: that one is lost, and the rest goes on.
            if (DatagramCalls.IsOfJoined(error) && _batch.Separate()) listener.RestFromJoining();
            else counts.Dropped += _batch.Skip();
        }
    }
}

using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Udp.Linux;

/// <summary>Backends' datagrams on their way to clients: those for one socket leave by one call. Used by its loop's thread alone.</summary>
internal sealed class ReplyQueue(int capacity, UdpCounts counts)
{
    private readonly DatagramSlots _slots = new(capacity);
    private readonly SendBatch _batch = new(capacity);
    private readonly FlowKey[] _keys = new FlowKey[capacity];
    private readonly int[] _lengths = new int[capacity];
    private readonly int[] _next = new int[capacity];
    private readonly List<ReplySocket> _sockets = new(capacity);
    private int _count;

    public bool IsFull => _count == capacity;

    /// <summary>Where the next datagram is received into.</summary>
    public Span<byte> Slot => _slots[_count][UdpHeader.Bytes..];

    /// <summary>Takes the datagram in <see cref="Slot"/>.</summary>
    public void Add(UdpListener listener, in FlowKey key, int length)
    {
        int slot = _count++;
        _keys[slot] = key;
        _lengths[slot] = length;
        _next[slot] = -1;
        ReplySocket socket = listener.Replies;
        if (socket.IsRaw) UdpHeader.Write(Whole(slot), key.Local.Address, (ushort)listener.Frontend.Port, key.Client, key.Port);
        if (socket.Head < 0)
        {
            socket.Head = slot;
            _sockets.Add(socket);
        }
        else
        {
            _next[socket.Tail] = slot;
        }

        socket.Tail = slot;
    }

    /// <summary>Sends all that wait.</summary>
    public void Flush()
    {
        if (_count == 0) return;
        foreach (ReplySocket socket in _sockets)
        {
            _batch.Clear();
            _batch.Joins = socket.MayJoin();
            for (int slot = socket.Head, before = -1; slot >= 0; before = slot, slot = _next[slot])
            {
                ref FlowKey key = ref _keys[slot];
                bool same = before >= 0 && key == _keys[before];
                // A raw socket reads the port in the header, and refuses another one with the address.
                if (socket.IsRaw) _batch.Add(Whole(slot), socket.IsV6, key.Client, 0, key.Scope, key.Local);
                else _batch.Add(Whole(slot)[UdpHeader.Bytes..], socket.IsV6, key.Client, key.Port, key.Scope, key.Local, same);
            }

            socket.Head = socket.Tail = -1;
            Send(socket);
        }

        _sockets.Clear();
        _count = 0;
    }

    /// <summary>A datagram with the room for its header.</summary>
    private Span<byte> Whole(int slot) => _slots[slot][..(UdpHeader.Bytes + _lengths[slot])];

    private void Send(ReplySocket socket)
    {
        while (_batch.Done < _batch.Count)
        {
            int went = _batch.Send(socket.Descriptor);
            if (went > 0)
            {
                counts.ToClients += went;
                continue;
            }

            int error = SocketCalls.Error;
            if (error == Errno.EINTR) continue;
            // A full queue, a filter, a client that became unreachable: that one is lost, and the rest goes on.
            if (DatagramCalls.IsOfJoined(error) && _batch.Separate()) socket.RestFromJoining();
            else counts.Dropped += _batch.Skip();
        }
    }
}

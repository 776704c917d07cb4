using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Linux;

/// <summary>Datagrams on their way out by one call of one socket.</summary>
/// <remarks>
/// Headers are made once; what is sent stays where it was received, in pinned memory. Datagrams of one size for one receiver that follow each
/// other are joined: the kernel takes them through its stack as one packet and cuts them at the end (UDP_SEGMENT). Used by one thread.
/// </remarks>
internal sealed unsafe class SendBatch
{
    /// <summary>Datagrams the kernel joins at most (UDP_MAX_SEGMENTS of kernels before 6.9; later ones take 128).</summary>
    private const int MaxJoined = 64;

    /// <summary>What fits into a frame of 1500 bytes with IPv6: larger ones are cut on the way, and those can't be joined.</summary>
    private const int MaxJoinedSize = 1452;

    /// <summary>Bytes of joined datagrams at most: what fits into one IPv4 packet, options included.</summary>
    private const int MaxJoinedBytes = 65_000;

    private const int ControlBytes = 64;
    private const int CMSG_HEADER = 16;
    private const int PacketInfoV4Bytes = 12;
    private const int PacketInfoV6Bytes = 20;
    private const int IPPROTO_IP = 0;
    private const int IP_PKTINFO = 8;
    private const int IPPROTO_IPV6 = 41;
    private const int IPV6_PKTINFO = 50;
    private const int SOL_UDP = 17;
    private const int UDP_SEGMENT = 103;

    private readonly MultiMessage[] _messages;
    private readonly IoVector[] _vectors;
    private readonly byte[] _names;
    private readonly byte[] _controls;
    private readonly MultiMessage* _first;
    private int _count;
    private int _joinedBytes;
    private bool _mayJoin;

    public SendBatch(int capacity)
    {
        _messages = GC.AllocateArray<MultiMessage>(capacity, pinned: true);
        _vectors = GC.AllocateArray<IoVector>(capacity, pinned: true);
        _names = GC.AllocateArray<byte>(capacity * SocketCalls.AddressSize, pinned: true);
        _controls = GC.AllocateArray<byte>(capacity * ControlBytes, pinned: true);
        _first = (MultiMessage*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_messages));
    }

    /// <summary>Datagrams it holds.</summary>
    public int Count { get; private set; }

    /// <summary>Datagrams that have been sent or given up.</summary>
    public int Done { get; private set; }

    /// <summary>False where the way to the receivers does not take joined datagrams. True again with <see cref="Clear"/>.</summary>
    public bool Joins { get; set; } = true;

    public void Clear()
    {
        _count = Count = Done = _next = 0;
        _mayJoin = false;
        Joins = true;
    }

    /// <summary>All that were sent or given up are to be sent once more.</summary>
    public void Rewind() => Done = _next = 0;

    // Messages sent or given up; a message holds one datagram or several joined ones.
    private int _next;

    /// <summary>Adds a datagram for the socket's own peer.</summary>
    /// <param name="pinned">The bytes, in memory that does not move and stays as it is until they are sent.</param>
    public void Add(ReadOnlySpan<byte> pinned)
    {
        if (!TryJoin(pinned, sameReceiver: true)) Start(pinned, name: 0);
    }

    /// <summary>Adds a datagram for an address in the kernel's form.</summary>
    /// <param name="pinned">The bytes.</param>
    /// <param name="address">Whom it is for.</param>
    /// <param name="asBefore">For the same one as the datagram before.</param>
    public void Add(ReadOnlySpan<byte> pinned, ReadOnlySpan<byte> address, bool asBefore)
    {
        if (TryJoin(pinned, asBefore)) return;
        address.CopyTo(Name(_count));
        Start(pinned, address.Length);
    }

    /// <summary>Adds a datagram for a client.</summary>
    /// <param name="pinned">The bytes.</param>
    /// <param name="v6">The socket is an IPv6 one.</param>
    /// <param name="to">Whom it is for.</param>
    /// <param name="port">The client's port.</param>
    /// <param name="scope">The interface of a link-local client, otherwise 0.</param>
    /// <param name="source">The address it leaves from, where the socket has several.</param>
    /// <param name="asBefore">For the same one, and from the same address, as the datagram before.</param>
    public void Add(ReadOnlySpan<byte> pinned, bool v6, ClientAddress to, ushort port, uint scope, in PacketSource source, bool asBefore = false)
    {
        if (TryJoin(pinned, asBefore)) return;
        int message = _count;
        Start(pinned, to.WriteSocketAddress(Name(message), v6, port, scope));
        if (source.IsKnown) _messages[message].ControlLength = (nuint)WriteSource(Control(message), v6, source);
    }

    /// <summary>Sends what is not done yet: how many datagrams went, or -1 with the error of the first.</summary>
    public int Send(int descriptor)
    {
        int before = Done;
        if (_next == _count - 1 && _messages[_next] is { Name: null, VectorCount: 1 })
        {
            // One for the socket's own peer, the most frequent of all: the plain call reads no header from this process.
            if (SocketCalls.Send(descriptor, new ReadOnlySpan<byte>(_messages[_next].Vectors->Start, (int)_messages[_next].Vectors->Length)) < 0) return -1;
            Skip();
            return 1;
        }

        int went = DatagramCalls.SendMany(descriptor, _first + _next, _count - _next);
        if (went < 0) return -1;
        for (; went > 0; went--) Skip();
        return Done - before;
    }

    /// <summary>Gives up the message that could not be sent; returns how many datagrams it held.</summary>
    public int Skip()
    {
        int datagrams = (int)_messages[_next++].VectorCount;
        Done += datagrams;
        return datagrams;
    }

    /// <summary>Takes what is not done yet apart again: true where any were joined.</summary>
    public bool Separate()
    {
        if (_count - _next == Count - Done) return false;
        // From behind, for a message moves towards the end or stays.
        int vector = Count - 1;
        for (int message = _count - 1; message >= _next; message--)
        {
            MultiMessage joined = _messages[message];
            for (int i = (int)joined.VectorCount - 1; i >= 0; i--, vector--) Place(vector - Done + _next, vector, message, joined);
        }

        _count = _next + Count - Done;
        Joins = false;
        return true;
    }

    private void Place(int message, int vector, int from, in MultiMessage joined)
    {
        if (joined.Name is not null && message != from) Name(from).CopyTo(Name(message));
        int control = joined.Control is null ? 0 : (int)joined.ControlLength - (joined.VectorCount > 1 ? SegmentBytes : 0);
        if (control > 0 && message != from) Control(from)[..control].CopyTo(Control(message));
        Write(message, vector, (int)joined.NameLength, control);
    }

    private bool TryJoin(ReadOnlySpan<byte> pinned, bool sameReceiver)
    {
        if (!_mayJoin || !sameReceiver) return false;
        ref MultiMessage last = ref _messages[_count - 1];
        nuint size = last.Vectors->Length;
        // All but the last of the joined have one size, and the last is no larger.
        if ((nuint)pinned.Length > size || pinned.Length == 0 || last.VectorCount == MaxJoined || _joinedBytes + pinned.Length > MaxJoinedBytes) return false;
        if (last.VectorCount == 1) AddSegmentSize(ref last, (ushort)size);
        SetVector(Count++, pinned);
        last.VectorCount++;
        _joinedBytes += pinned.Length;
        _mayJoin = (nuint)pinned.Length == size;
        return true;
    }

    private void Start(ReadOnlySpan<byte> pinned, int name)
    {
        SetVector(Count, pinned);
        Write(_count++, Count++, name, 0);
        _joinedBytes = pinned.Length;
        _mayJoin = Joins && pinned.Length is > 0 and <= MaxJoinedSize;
    }

    private void Write(int message, int vector, int name, int control)
    {
        ref MultiMessage written = ref _messages[message];
        written.Name = name == 0 ? null : (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(Name(message)));
        written.NameLength = (uint)name;
        written.Vectors = (IoVector*)Unsafe.AsPointer(ref _vectors[vector]);
        written.VectorCount = 1;
        written.Control = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(Control(message)));
        written.ControlLength = (nuint)control;
    }

    private void SetVector(int index, ReadOnlySpan<byte> pinned)
    {
        _vectors[index].Start = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(pinned));
        _vectors[index].Length = (nuint)pinned.Length;
    }

    // A control message with the 16 bits of the size, padded to eight bytes.
    private const int SegmentBytes = CMSG_HEADER + 8;

    private static void AddSegmentSize(ref MultiMessage message, ushort size)
    {
        var control = new Span<byte>(message.Control + message.ControlLength, SegmentBytes);
        MemoryMarshal.Write(control, (nuint)(CMSG_HEADER + sizeof(ushort)));
        MemoryMarshal.Write(control[8..], SOL_UDP);
        MemoryMarshal.Write(control[12..], UDP_SEGMENT);
        MemoryMarshal.Write(control[CMSG_HEADER..], size);
        message.ControlLength += SegmentBytes;
    }

    private Span<byte> Name(int message) => _names.AsSpan(message * SocketCalls.AddressSize, SocketCalls.AddressSize);

    private Span<byte> Control(int message) => _controls.AsSpan(message * ControlBytes, ControlBytes);

    private static int WriteSource(Span<byte> control, bool v6, in PacketSource source)
    {
        int content = v6 ? PacketInfoV6Bytes : PacketInfoV4Bytes;
        // CMSG_SPACE: padded to eight bytes.
        int length = CMSG_HEADER + ((content + 7) & ~7);
        control[..length].Clear();
        MemoryMarshal.Write(control, (nuint)(CMSG_HEADER + content));
        MemoryMarshal.Write(control[8..], v6 ? IPPROTO_IPV6 : IPPROTO_IP);
        MemoryMarshal.Write(control[12..], v6 ? IPV6_PKTINFO : IP_PKTINFO);
        if (v6)
        {
            source.Address.Write(control.Slice(CMSG_HEADER, 16));
            MemoryMarshal.Write(control[(CMSG_HEADER + 16)..], source.Interface);
        }
        else
        {
            BinaryPrimitives.WriteUInt32BigEndian(control[(CMSG_HEADER + 4)..], (uint)source.Address.Low);
        }

        return length;
    }
}

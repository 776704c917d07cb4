using System.Buffers.Binary;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Linux;

/// <summary>Datagrams on their way out by one call of one socket.</summary>
/// <remarks>Headers are made once; what is sent stays where it was received, in pinned memory. Used by one thread.</remarks>
internal sealed unsafe class SendBatch
{
    private const int ControlBytes = 40;
    private const int CMSG_HEADER = 16;
    private const int PacketInfoV4Bytes = 12;
    private const int PacketInfoV6Bytes = 20;
    private const int NameBytesV4 = 16;
    private const ushort AF_INET = 2;
    private const ushort AF_INET6 = 10;
    private const int IPPROTO_IP = 0;
    private const int IP_PKTINFO = 8;
    private const int IPPROTO_IPV6 = 41;
    private const int IPV6_PKTINFO = 50;

    private readonly MultiMessage[] _messages;
    private readonly IoVector[] _vectors;
    private readonly byte[] _names;
    private readonly byte[] _controls;
    private readonly MultiMessage* _first;

    public SendBatch(int capacity)
    {
        _messages = GC.AllocateArray<MultiMessage>(capacity, pinned: true);
        _vectors = GC.AllocateArray<IoVector>(capacity, pinned: true);
        _names = GC.AllocateArray<byte>(capacity * SocketCalls.AddressSize, pinned: true);
        _controls = GC.AllocateArray<byte>(capacity * ControlBytes, pinned: true);
        _first = (MultiMessage*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_messages));
        for (int i = 0; i < capacity; i++)
        {
            _messages[i].Vectors = (IoVector*)Unsafe.AsPointer(ref _vectors[i]);
            _messages[i].VectorCount = 1;
        }
    }

    /// <summary>Datagrams it holds.</summary>
    public int Count { get; private set; }

    public bool IsFull => Count == _messages.Length;

    public void Clear() => Count = 0;

    /// <summary>Adds a datagram for the socket's own peer.</summary>
    /// <param name="pinned">The bytes, in memory that does not move and stays as it is until they are sent.</param>
    public void Add(ReadOnlySpan<byte> pinned)
    {
        ref MultiMessage message = ref Next(pinned);
        message.Name = null;
        message.NameLength = 0;
        message.Control = null;
        message.ControlLength = 0;
    }

    /// <summary>Adds a datagram for an address in the kernel's form.</summary>
    public void Add(ReadOnlySpan<byte> pinned, ReadOnlySpan<byte> address)
    {
        int index = Count;
        ref MultiMessage message = ref Next(pinned);
        address.CopyTo(Name(index));
        message.Name = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(Name(index)));
        message.NameLength = (uint)address.Length;
        message.Control = null;
        message.ControlLength = 0;
    }

    /// <summary>Adds a datagram for a client.</summary>
    /// <param name="pinned">The bytes.</param>
    /// <param name="v6">The socket is an IPv6 one.</param>
    /// <param name="to">Whom it is for.</param>
    /// <param name="port">The client's port.</param>
    /// <param name="scope">The interface of a link-local client, otherwise 0.</param>
    /// <param name="source">The address it leaves from, where the socket has several.</param>
    public void Add(ReadOnlySpan<byte> pinned, bool v6, ClientAddress to, ushort port, uint scope, in PacketSource source)
    {
        int index = Count;
        ref MultiMessage message = ref Next(pinned);
        Span<byte> name = Name(index);
        message.NameLength = (uint)WriteAddress(name, v6, to, port, scope);
        message.Name = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(name));
        message.Control = null;
        message.ControlLength = 0;
        if (!source.IsKnown) return;
        Span<byte> control = _controls.AsSpan(index * ControlBytes, ControlBytes);
        message.ControlLength = (nuint)WriteSource(control, v6, source);
        message.Control = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(control));
    }

    /// <summary>Sends from a place on: how many went, or -1 with the first one's error.</summary>
    public int Send(int descriptor, int from) => DatagramCalls.SendMany(descriptor, _first + from, Count - from);

    private Span<byte> Name(int index) => _names.AsSpan(index * SocketCalls.AddressSize, SocketCalls.AddressSize);

    private ref MultiMessage Next(ReadOnlySpan<byte> pinned)
    {
        int index = Count++;
        _vectors[index].Start = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(pinned));
        _vectors[index].Length = (nuint)pinned.Length;
        return ref _messages[index];
    }

    private static int WriteAddress(Span<byte> name, bool v6, ClientAddress to, ushort port, uint scope)
    {
        BinaryPrimitives.WriteUInt16BigEndian(name[2..], port);
        if (!v6)
        {
            MemoryMarshal.Write(name, AF_INET);
            BinaryPrimitives.WriteUInt32BigEndian(name[4..], (uint)to.Low);
            return NameBytesV4;
        }

        MemoryMarshal.Write(name, AF_INET6);
        MemoryMarshal.Write(name[4..], 0u);
        to.Write(name.Slice(8, 16));
        MemoryMarshal.Write(name[24..], scope);
        return SocketCalls.AddressSize;
    }

    private static int WriteSource(Span<byte> control, bool v6, in PacketSource source)
    {
        control.Clear();
        int content = v6 ? PacketInfoV6Bytes : PacketInfoV4Bytes;
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

        // CMSG_SPACE: padded to eight bytes.
        return CMSG_HEADER + ((content + 7) & ~7);
    }
}

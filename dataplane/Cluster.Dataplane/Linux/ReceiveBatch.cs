using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Linux;

/// <summary>The datagrams one call has received, with where they came from and, on sockets that ask for it, where they went to.</summary>
/// <remarks>Headers and buffers are made once. Used by one thread.</remarks>
internal sealed unsafe class ReceiveBatch
{
    /// <summary>A control message with a struct sockaddr_in6, the largest that is asked for: 16 bytes of header, 28 of content, padded.</summary>
    private const int ControlBytes = 48;

    private const int CMSG_HEADER = 16;
    private const int IPPROTO_IP = 0;
    private const int IP_PKTINFO = 8;
    private const int IPPROTO_IPV6 = 41;
    private const int IP_ORIGDSTADDR = 20;
    private const int IPV6_PKTINFO = 50;
    private const int IPV6_ORIGDSTADDR = 74;
    private const ulong LinkLocalPrefix = 0xFE80ul << 48;
    private const ulong LinkLocalMask = 0xFFC0ul << 48;

    private readonly DatagramSlots _slots;
    private readonly MultiMessage[] _messages;
    private readonly IoVector[] _vectors;
    private readonly byte[] _names;
    private readonly byte[] _controls;
    private readonly MultiMessage* _first;

    /// <param name="capacity">Datagrams of a batch.</param>
    /// <param name="slotBytes">The largest datagram, a power of two; larger ones are cut to it.</param>
    public ReceiveBatch(int capacity, int slotBytes = DatagramSlots.SlotBytes)
    {
        _slots = new DatagramSlots(capacity, slotBytes);
        _messages = GC.AllocateArray<MultiMessage>(capacity, pinned: true);
        _vectors = GC.AllocateArray<IoVector>(capacity, pinned: true);
        _names = GC.AllocateArray<byte>(capacity * SocketCalls.AddressSize, pinned: true);
        _controls = GC.AllocateArray<byte>(capacity * ControlBytes, pinned: true);
        _first = (MultiMessage*)Unsafe.AsPointer(ref MemoryMarshal.GetArrayDataReference(_messages));
        for (int i = 0; i < capacity; i++)
        {
            _vectors[i].Start = (byte*)Unsafe.AsPointer(ref MemoryMarshal.GetReference(_slots[i]));
            _vectors[i].Length = (nuint)slotBytes;
            _messages[i].Name = (byte*)Unsafe.AsPointer(ref _names[i * SocketCalls.AddressSize]);
            _messages[i].Vectors = (IoVector*)Unsafe.AsPointer(ref _vectors[i]);
            _messages[i].VectorCount = 1;
            _messages[i].Control = (byte*)Unsafe.AsPointer(ref _controls[i * ControlBytes]);
            Ready(ref _messages[i]);
        }
    }

    public int Capacity => _messages.Length;

    /// <summary>Receives what waits in a socket, a batch at most: how many datagrams, or -1.</summary>
    public int Receive(int descriptor) => DatagramCalls.ReceiveMany(descriptor, _first, Capacity);

    /// <summary>Makes the headers of the last batch fit for the next.</summary>
    public void Clear(int count)
    {
        for (int i = 0; i < count; i++) Ready(ref _messages[i]);
    }

    /// <summary>A datagram's bytes, in pinned memory.</summary>
    public Span<byte> this[int index] => _slots[index][..(int)_messages[index].Length];

    /// <summary>A datagram's bytes and the rest of its slot, for who answers in place.</summary>
    public Span<byte> Slot(int index, out int length)
    {
        length = (int)_messages[index].Length;
        return _slots[index];
    }

    /// <summary>Who sent it.</summary>
    public ClientAddress Sender(int index, out ushort port, out uint scope)
    {
        ReadOnlySpan<byte> name = _names.AsSpan(index * SocketCalls.AddressSize, SocketCalls.AddressSize);
        port = ClientAddress.PortOf(name);
        // Only link-local addresses need their interface; for others the kernel leaves it 0.
        scope = _messages[index].NameLength == SocketCalls.AddressSize ? MemoryMarshal.Read<uint>(name[24..]) : 0;
        return ClientAddress.FromSocketAddress(name);
    }

    /// <summary>Where it was sent to, if the socket asked for that.</summary>
    public PacketSource Destination(int index)
    {
        if (_messages[index].ControlLength < CMSG_HEADER) return default;
        ReadOnlySpan<byte> control = _controls.AsSpan(index * ControlBytes, ControlBytes);
        int level = MemoryMarshal.Read<int>(control[8..]), type = MemoryMarshal.Read<int>(control[12..]);
        ReadOnlySpan<byte> content = control[CMSG_HEADER..];
        // struct in_pktinfo { int ifindex; in_addr spec_dst; in_addr addr }: spec_dst is the local address even for a broadcast.
        if (level == IPPROTO_IP && type == IP_PKTINFO) return new PacketSource(ClientAddress.FromBytes(content.Slice(4, 4)), 0);
        if (level != IPPROTO_IPV6 || type != IPV6_PKTINFO) return default;
        ClientAddress address = ClientAddress.FromBytes(content[..16]);
        return new PacketSource(address, (address.High & LinkLocalMask) == LinkLocalPrefix ? MemoryMarshal.Read<uint>(content[16..]) : 0);
    }

    /// <summary>The address and port it was sent to, on a socket that datagrams are steered to; the default where that is not told.</summary>
    public ClientAddress OriginalDestination(int index, out ushort port)
    {
        port = 0;
        if (_messages[index].ControlLength < CMSG_HEADER) return default;
        ReadOnlySpan<byte> control = _controls.AsSpan(index * ControlBytes, ControlBytes);
        (int level, int type) = (MemoryMarshal.Read<int>(control[8..]), MemoryMarshal.Read<int>(control[12..]));
        if ((level, type) is not ((IPPROTO_IP, IP_ORIGDSTADDR) or (IPPROTO_IPV6, IPV6_ORIGDSTADDR))) return default;
        ReadOnlySpan<byte> address = control[CMSG_HEADER..];
        port = ClientAddress.PortOf(address);
        return ClientAddress.FromSocketAddress(address);
    }

    private static void Ready(ref MultiMessage message)
    {
        message.NameLength = SocketCalls.AddressSize;
        message.ControlLength = ControlBytes;
        message.Flags = 0;
    }
}

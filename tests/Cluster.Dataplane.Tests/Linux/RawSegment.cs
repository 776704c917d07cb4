using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>Segments of TCP as they are on the wire, for raw sockets. Needs CAP_NET_ADMIN.</summary>
internal static class RawSegment
{
    private const int IPPROTO_TCP = 6, TCP_REPAIR = 19, TCP_REPAIR_QUEUE = 20, TCP_QUEUE_SEQ = 21;
    private const int TCP_RECV_QUEUE = 1, TCP_SEND_QUEUE = 2, TCP_REPAIR_OFF_NO_WP = -1;

    /// <summary>One that an IPv4 socket might have sent long ago: acknowledges what it has received, and lies far outside of its window.</summary>
    public static byte[] OutsideOfTheWindow(Socket socket)
    {
        var (from, to) = ((IPEndPoint)socket.LocalEndPoint!, (IPEndPoint)socket.RemoteEndPoint!);
        var (sent, received) = Sequences(socket);
        var segment = new byte[24];
        BinaryPrimitives.WriteUInt16BigEndian(segment, (ushort)from.Port);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(2), (ushort)to.Port);
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(4), sent + 0x4000_0000);
        BinaryPrimitives.WriteUInt32BigEndian(segment.AsSpan(8), received);
        // Five words of header; PSH and ACK.
        segment[12] = 5 << 4;
        segment[13] = 0x18;
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(14), 1000);
        BinaryPrimitives.WriteUInt16BigEndian(segment.AsSpan(16), Checksum([.. from.Address.GetAddressBytes(), .. to.Address.GetAddressBytes(), 0, IPPROTO_TCP, 0, (byte)segment.Length, .. segment]));
        return segment;
    }

    // What it has sent and received up to now, which the kernel tells of a socket in repair.
    private static (uint Sent, uint Received) Sequences(Socket socket)
    {
        Set(TCP_REPAIR, 1);
        Set(TCP_REPAIR_QUEUE, TCP_RECV_QUEUE);
        var received = Get(TCP_QUEUE_SEQ);
        Set(TCP_REPAIR_QUEUE, TCP_SEND_QUEUE);
        var sent = Get(TCP_QUEUE_SEQ);
        Set(TCP_REPAIR, TCP_REPAIR_OFF_NO_WP);
        return (sent, received);

        void Set(int option, int value) => socket.SetRawSocketOption(IPPROTO_TCP, option, MemoryMarshal.AsBytes(new ReadOnlySpan<int>(in value)));

        uint Get(int option)
        {
            var value = 0u;
            socket.GetRawSocketOption(IPPROTO_TCP, option, MemoryMarshal.AsBytes(new Span<uint>(ref value)));
            return value;
        }
    }

    private static ushort Checksum(ReadOnlySpan<byte> bytes)
    {
        var sum = 0u;
        for (var i = 0; i < bytes.Length; i += 2) sum += BinaryPrimitives.ReadUInt16BigEndian(bytes[i..]);
        while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
        return (ushort)~sum;
    }
}

using System.Buffers.Binary;
using System.Runtime.InteropServices;
using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Linux;

/// <summary>The header of a UDP datagram (RFC 768) as raw sockets take it, checksum included: the kernel writes none for them.</summary>
internal static class UdpHeader
{
    public const int Bytes = 8;

    private const int ChecksumAt = 6;
    private const uint Protocol = 17;

    /// <summary>Writes the header in front of a payload.</summary>
    /// <param name="datagram">Room for the header, then the payload.</param>
    /// <param name="source">Where it says to come from.</param>
    /// <param name="sourcePort">And from which port.</param>
    /// <param name="destination">Whom it is for; of the same family.</param>
    /// <param name="destinationPort">And at which port.</param>
    public static void Write(Span<byte> datagram, ClientAddress source, ushort sourcePort, ClientAddress destination, ushort destinationPort)
    {
        BinaryPrimitives.WriteUInt16BigEndian(datagram, sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[2..], destinationPort);
        BinaryPrimitives.WriteUInt16BigEndian(datagram[4..], (ushort)datagram.Length);
        MemoryMarshal.Write(datagram[ChecksumAt..], (ushort)0);
        MemoryMarshal.Write(datagram[ChecksumAt..], Checksum(datagram, source, destination));
    }

    // The pseudo header is that of IPv6 for IPv4 too: a mapped address adds 0xffff to the sum, which is nothing in it.
    private static ushort Checksum(ReadOnlySpan<byte> datagram, ClientAddress source, ClientAddress destination)
    {
        Span<byte> pseudo = stackalloc byte[40];
        source.Write(pseudo[..16]);
        destination.Write(pseudo[16..32]);
        BinaryPrimitives.WriteUInt32BigEndian(pseudo[32..], (uint)datagram.Length);
        BinaryPrimitives.WriteUInt32BigEndian(pseudo[36..], Protocol);
        ulong sum = Sum(pseudo) + Sum(datagram);
        sum = (sum & uint.MaxValue) + (sum >> 32);
        sum = (sum & uint.MaxValue) + (sum >> 32);
        sum = (sum & ushort.MaxValue) + (sum >> 16);
        sum = (sum & ushort.MaxValue) + (sum >> 16);
        var checksum = (ushort)~sum;
        // 0 would say that there is none.
        return checksum == 0 ? ushort.MaxValue : checksum;
    }

    // RFC 1071: the sum of 16-bit words may be made of wider ones in the machine's own order and folded at the end.
    private static ulong Sum(ReadOnlySpan<byte> bytes)
    {
        ulong sum = 0;
        ReadOnlySpan<ulong> words = MemoryMarshal.Cast<byte, ulong>(bytes);
        foreach (ulong word in words) sum += (word & uint.MaxValue) + (word >> 32);
        Span<byte> last = stackalloc byte[sizeof(ulong)];
        last.Clear();
        bytes[(words.Length * sizeof(ulong))..].CopyTo(last);
        ulong rest = MemoryMarshal.Read<ulong>(last);
        return sum + (rest & uint.MaxValue) + (rest >> 32);
    }
}

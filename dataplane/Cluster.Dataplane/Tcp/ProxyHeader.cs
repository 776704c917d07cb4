using System.Buffers.Binary;
using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Tcp;

/// <summary>The header by which a backend learns who its client is: PROXY protocol, version 2, without extensions.</summary>
/// <remarks>It stands before the first byte of a connection, and a backend that expects it waits for it: it is sent at once, data or not.</remarks>
internal static class ProxyHeader
{
    /// <summary>The longest: two IPv6 addresses and ports.</summary>
    public const int MaxSize = PrefixSize + 36;

    private const int PrefixSize = 16;

    /// <summary>Version 2, command PROXY.</summary>
    private const byte Version2Proxy = 0x21;

    private const byte TcpOverIPv4 = 0x11;
    private const byte TcpOverIPv6 = 0x21;

    private static ReadOnlySpan<byte> Signature => "\r\n\r\n\0\r\nQUIT\n"u8;

    /// <summary>Writes the header and returns its length. Where one of the addresses is IPv6, both are written so.</summary>
    public static int Write(Span<byte> into, ClientAddress source, ushort sourcePort, ClientAddress destination, ushort destinationPort)
    {
        bool v4 = source.IsIPv4 && destination.IsIPv4;
        int addressSize = v4 ? 4 : 16;
        int bodySize = (2 * addressSize) + 4;
        Signature.CopyTo(into);
        into[12] = Version2Proxy;
        into[13] = v4 ? TcpOverIPv4 : TcpOverIPv6;
        BinaryPrimitives.WriteUInt16BigEndian(into[14..], (ushort)bodySize);
        Span<byte> body = into.Slice(PrefixSize, bodySize);
        source.Write(body[..addressSize]);
        destination.Write(body.Slice(addressSize, addressSize));
        BinaryPrimitives.WriteUInt16BigEndian(body[(2 * addressSize)..], sourcePort);
        BinaryPrimitives.WriteUInt16BigEndian(body[(2 * addressSize + 2)..], destinationPort);
        return PrefixSize + bodySize;
    }
}

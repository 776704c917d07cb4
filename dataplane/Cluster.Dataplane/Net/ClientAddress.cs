using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Cluster.Dataplane.Net;

/// <summary>A client's address without its port, IPv4 in its IPv6-mapped form: a key that costs no allocation.</summary>
public readonly record struct ClientAddress(ulong High, ulong Low)
{
    // AF_INET and AF_INET6 as the Linux kernel numbers them.
    private const ushort NativeInet = 2;
    private const ushort NativeInet6 = 10;

    private const ulong MappedPrefix = 0x0000_FFFF_0000_0000;

    public static ClientAddress From(IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        return FromBytes(bytes[..length]);
    }

    /// <summary>The address in a kernel socket address, and its port.</summary>
    public static ClientAddress From(SocketAddress address, out ushort port)
    {
        var bytes = address.Buffer.Span;
        // sockaddr_in and sockaddr_in6 both carry the port in network order after the family.
        port = BinaryPrimitives.ReadUInt16BigEndian(bytes[2..]);
        return address.Family == AddressFamily.InterNetworkV6 ? FromBytes(bytes.Slice(8, 16)) : FromBytes(bytes.Slice(4, 4));
    }

    /// <summary>The interface in a kernel socket address of IPv6, which link-local addresses need; otherwise 0.</summary>
    public static uint ScopeOf(SocketAddress address) =>
        address.Family == AddressFamily.InterNetworkV6 ? BitConverter.ToUInt32(address.Buffer.Span[24..]) : 0;

    /// <summary>The address in a raw sockaddr_in or sockaddr_in6, as accept(2) fills it in.</summary>
    public static ClientAddress FromSocketAddress(ReadOnlySpan<byte> address) =>
        BitConverter.ToUInt16(address) == NativeInet6 ? FromBytes(address.Slice(8, 16)) : FromBytes(address.Slice(4, 4));

    /// <summary>The port in a raw sockaddr_in or sockaddr_in6: both carry it in network order after the family.</summary>
    public static ushort PortOf(ReadOnlySpan<byte> address) => BinaryPrimitives.ReadUInt16BigEndian(address[2..]);

    /// <summary>An IPv4 address, which stands here in its IPv6-mapped form.</summary>
    public bool IsIPv4 => High == 0 && (Low & ~(ulong)uint.MaxValue) == MappedPrefix;

    /// <summary>Writes the address in network order: 4 bytes of it as IPv4, or 16.</summary>
    public void Write(Span<byte> into)
    {
        if (into.Length == 4)
        {
            BinaryPrimitives.WriteUInt32BigEndian(into, (uint)Low);
            return;
        }

        BinaryPrimitives.WriteUInt64BigEndian(into, High);
        BinaryPrimitives.WriteUInt64BigEndian(into[8..], Low);
    }

    /// <summary>The address in four or sixteen bytes, in network order.</summary>
    public static ClientAddress FromBytes(ReadOnlySpan<byte> bytes) => bytes.Length == 4
        ? new ClientAddress(0, MappedPrefix | BinaryPrimitives.ReadUInt32BigEndian(bytes))
        : new ClientAddress(BinaryPrimitives.ReadUInt64BigEndian(bytes), BinaryPrimitives.ReadUInt64BigEndian(bytes[8..]));

    /// <summary>Writes it as a sockaddr_in or sockaddr_in6 with port 0; returns the length.</summary>
    public int WriteSocketAddress(Span<byte> bytes)
    {
        bytes.Clear();
        BitConverter.TryWriteBytes(bytes, IsIPv4 ? NativeInet : NativeInet6);
        Write(IsIPv4 ? bytes.Slice(4, 4) : bytes.Slice(8, 16));
        return IsIPv4 ? 16 : 28;
    }

    /// <summary>Writes it as a sockaddr_in or sockaddr_in6; returns the length.</summary>
    /// <param name="bytes">Room for either.</param>
    /// <param name="isV6">For a socket of IPv6, which takes IPv4 addresses in their mapped form.</param>
    /// <param name="port">The port.</param>
    /// <param name="scope">The interface of a link-local address, otherwise 0.</param>
    public int WriteSocketAddress(Span<byte> bytes, bool isV6, ushort port, uint scope)
    {
        BinaryPrimitives.WriteUInt16BigEndian(bytes[2..], port);
        if (!isV6)
        {
            MemoryMarshal.Write(bytes, NativeInet);
            BinaryPrimitives.WriteUInt32BigEndian(bytes[4..], (uint)Low);
            MemoryMarshal.Write(bytes[8..], 0UL);
            return 16;
        }

        MemoryMarshal.Write(bytes, NativeInet6);
        MemoryMarshal.Write(bytes[4..], 0u);
        Write(bytes.Slice(8, 16));
        MemoryMarshal.Write(bytes[24..], scope);
        return 28;
    }

    /// <summary>The kernel socket address of a client of a socket of <paramref name="family"/>. Allocates.</summary>
    public SocketAddress ToSocketAddress(AddressFamily family, ushort port, uint scope)
    {
        var address = ToAddress();
        if (family == AddressFamily.InterNetworkV6) address = new IPAddress(address.MapToIPv6().GetAddressBytes(), scope);
        return new IPEndPoint(address, port).Serialize();
    }

    /// <summary>The address as an object, without its interface. Allocates.</summary>
    public IPAddress ToAddress()
    {
        Span<byte> bytes = stackalloc byte[16];
        Write(bytes);
        var address = new IPAddress(bytes);
        return address.IsIPv4MappedToIPv6 ? address.MapToIPv4() : address;
    }

    public override string ToString() => ToAddress().ToString();
}

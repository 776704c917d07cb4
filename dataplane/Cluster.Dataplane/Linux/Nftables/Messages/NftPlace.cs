using System.Buffers.Binary;
using System.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Linux.Nftables.Messages;

/// <summary>Addresses, protocols and ports as the keys and data of sets hold them: one behind the other, each filled up to four bytes.</summary>
internal static class NftPlace
{
    public static byte Number(ServiceProtocol protocol) => protocol == ServiceProtocol.Tcp ? (byte)6 : (byte)17;

    /// <summary>Room for the longest: two IPv6 addresses.</summary>
    public const int MaxBytes = 32;

    /// <summary><c>ADDRESS . PORT</c></summary>
    /// <returns>What was written into the place.</returns>
    public static ReadOnlySpan<byte> Write(Span<byte> place, IPEndPoint endPoint)
    {
        endPoint.Address.TryWriteBytes(place, out var length);
        return WritePort(place, length, endPoint.Port);
    }

    /// <summary><c>ADDRESS . PROTOCOL . PORT</c>, or without the address.</summary>
    /// <returns>What was written into the place.</returns>
    public static ReadOnlySpan<byte> Write(Span<byte> place, IPAddress? address, ServiceProtocol protocol, int port)
    {
        var length = 0;
        address?.TryWriteBytes(place, out length);
        place.Slice(length, 4).Clear();
        place[length] = Number(protocol);
        return WritePort(place, length + 4, port);
    }

    /// <summary><c>ADDRESS . ADDRESS</c></summary>
    /// <returns>What was written into the place.</returns>
    public static ReadOnlySpan<byte> WriteTwice(Span<byte> place, IPAddress address)
    {
        address.TryWriteBytes(place, out var length);
        address.TryWriteBytes(place[length..], out _);
        return place[..(2 * length)];
    }

    private static ReadOnlySpan<byte> WritePort(Span<byte> place, int offset, int port)
    {
        BinaryPrimitives.WriteUInt16BigEndian(place[offset..], (ushort)port);
        place.Slice(offset + 2, 2).Clear();
        return place[..(offset + 4)];
    }
}

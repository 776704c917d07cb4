using System.Buffers.Binary;
using System.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Linux.Nftables.Messages;

/// <summary>Addresses, protocols and ports as the keys and data of sets hold them: one behind the other, each filled up to four bytes.</summary>
internal static class NftPlace
{
    public static byte Number(ServiceProtocol protocol) => protocol == ServiceProtocol.Tcp ? (byte)6 : (byte)17;

    /// <summary><c>ADDRESS . PORT</c></summary>
    public static byte[] Bytes(IPEndPoint endPoint)
    {
        var address = endPoint.Address.GetAddressBytes();
        var bytes = new byte[address.Length + 4];
        address.CopyTo(bytes, 0);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(address.Length), (ushort)endPoint.Port);
        return bytes;
    }

    /// <summary><c>ADDRESS . PROTOCOL . PORT</c>, or without the address.</summary>
    public static byte[] Bytes(IPAddress? address, ServiceProtocol protocol, int port)
    {
        var first = address?.GetAddressBytes() ?? [];
        var bytes = new byte[first.Length + 8];
        first.CopyTo(bytes, 0);
        bytes[first.Length] = Number(protocol);
        BinaryPrimitives.WriteUInt16BigEndian(bytes.AsSpan(first.Length + 4), (ushort)port);
        return bytes;
    }

    /// <summary><c>ADDRESS . ADDRESS</c></summary>
    public static byte[] Twice(IPAddress address) => [.. address.GetAddressBytes(), .. address.GetAddressBytes()];
}

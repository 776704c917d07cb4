using System.Net;
using System.Runtime.InteropServices;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Linux.SocketLookup;

/// <summary>A place as the program finds it: the address's 16 bytes as they stand in memory (IPv4 mapped), port, protocol number.</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct LookupKey(ulong High, ulong Low, uint Port, uint Protocol)
{
    public const int IPPROTO_TCP = 6;
    public const int IPPROTO_UDP = 17;

    public static LookupKey Of(Place place)
    {
        Span<byte> bytes = stackalloc byte[16];
        Write(place.Address, bytes);
        return new LookupKey(
            MemoryMarshal.Read<ulong>(bytes), MemoryMarshal.Read<ulong>(bytes[8..]), (uint)place.Port, place.Protocol == ServiceProtocol.Tcp ? IPPROTO_TCP : (uint)IPPROTO_UDP);
    }

    /// <summary>The address in 16 bytes, IPv4 in its IPv6-mapped form.</summary>
    public static void Write(IPAddress address, Span<byte> bytes)
    {
        bytes.Clear();
        if (address.GetAddressBytes() is { Length: 4 } four)
        {
            bytes[10] = bytes[11] = 0xff;
            four.CopyTo(bytes[12..]);
        }
        else
        {
            address.TryWriteBytes(bytes, out _);
        }
    }
}

using System.Runtime.InteropServices;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Net;
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
        ClientAddress.From(place.Address).Write(bytes);
        return new LookupKey(
            MemoryMarshal.Read<ulong>(bytes), MemoryMarshal.Read<ulong>(bytes[8..]), (uint)place.Port, place.Protocol == ServiceProtocol.Tcp ? IPPROTO_TCP : (uint)IPPROTO_UDP);
    }
}

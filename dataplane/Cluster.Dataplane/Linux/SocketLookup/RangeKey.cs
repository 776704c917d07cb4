using System.Net;
using System.Runtime.InteropServices;
using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Linux.SocketLookup;

/// <summary>A range of addresses as a longest-prefix map holds it: the length in bits, then 16 bytes (IPv4 mapped).</summary>
[StructLayout(LayoutKind.Sequential)]
internal readonly record struct RangeKey(uint PrefixLength, uint A, uint B, uint C, uint D)
{
    /// <summary>Bits before an IPv4 address in its mapped form.</summary>
    private const int MappedBits = 96;

    public static RangeKey Of(IPNetwork range)
    {
        Span<byte> bytes = stackalloc byte[16];
        ClientAddress.From(range.BaseAddress).Write(bytes);
        var words = MemoryMarshal.Cast<byte, uint>(bytes);
        var mapped = range.BaseAddress.AddressFamily == System.Net.Sockets.AddressFamily.InterNetwork ? MappedBits : 0;
        return new RangeKey((uint)(range.PrefixLength + mapped), words[0], words[1], words[2], words[3]);
    }
}

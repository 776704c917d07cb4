using System.Net;
using System.Net.Sockets;

namespace Cluster.Dataplane.Net;

/// <summary>A range of client addresses in the form they are compared in: two masks, no allocation.</summary>
public readonly record struct AddressRange(ClientAddress First, ClientAddress Mask)
{
    /// <summary>IPv4 addresses stand behind 96 bits in their IPv6-mapped form.</summary>
    private const int MappedBits = 96;

    public static AddressRange From(IPNetwork network)
    {
        var v4 = network.BaseAddress.AddressFamily == AddressFamily.InterNetwork;
        var length = network.PrefixLength + (v4 ? MappedBits : 0);
        var mask = new ClientAddress(HighBits(length), HighBits(length - 64));
        var first = ClientAddress.From(network.BaseAddress);
        return new AddressRange(new ClientAddress(first.High & mask.High, first.Low & mask.Low), mask);
    }

    public bool Contains(ClientAddress client) =>
        (client.High & Mask.High) == First.High && (client.Low & Mask.Low) == First.Low;

    /// <summary>True where one of the ranges has the address.</summary>
    public static bool AnyContains(ReadOnlySpan<AddressRange> ranges, ClientAddress client)
    {
        foreach (ref readonly var range in ranges)
            if (range.Contains(client)) return true;
        return false;
    }

    private static ulong HighBits(int count) => count <= 0 ? 0 : count >= 64 ? ulong.MaxValue : ulong.MaxValue << (64 - count);
}

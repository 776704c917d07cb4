using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;

namespace Cluster.ApiServer.Allocation;

/// <summary>The addresses services get, counted from the network's own (0, never given out). Immutable.</summary>
internal sealed class AddressRange
{
    // The broadcast address of IPv4 is no service address either; in IPv6 leaving out the last one costs nothing.
    private const int Unusable = 1;
    private readonly UInt128 _base;

    public AddressRange(IPNetwork network)
    {
        Network = network;
        _base = ToNumber(network.BaseAddress);
        var hostBits = network.BaseAddress.GetAddressBytes().Length * 8 - network.PrefixLength;
        // 2^20 addresses are more than any cluster has services; it keeps offsets small numbers for IPv6.
        Count = (1 << Math.Min(hostBits, 20)) - Unusable;
    }

    public IPNetwork Network { get; }

    /// <summary>Offsets 1 to Count - 1 can be given out.</summary>
    public int Count { get; }

    /// <summary>
    /// The first offset for services that name no address. Below it is room for those that do (DNS), so that they rarely clash: a
    /// sixteenth of the range, at least 16 and at most 256 addresses.
    /// </summary>
    public int FirstDynamic => Count <= 32 ? 1 : Math.Min(Math.Max(16, Count / 16), 256);

    public string Family => Network.BaseAddress.AddressFamily == AddressFamily.InterNetworkV6 ? "IPv6" : "IPv4";

    public IPAddress At(int offset) => FromNumber(_base + (UInt128)offset);

    /// <summary>The address can be given out.</summary>
    public bool Contains(IPAddress address)
    {
        if (!Network.Contains(address))
            return false;

        var offset = ToNumber(address) - _base;
        return offset > 0 && offset < (UInt128)Count;
    }

    private static UInt128 ToNumber(IPAddress address)
    {
        var bytes = address.GetAddressBytes();
        return bytes.Length == 4 ? BinaryPrimitives.ReadUInt32BigEndian(bytes) : BinaryPrimitives.ReadUInt128BigEndian(bytes);
    }

    private IPAddress FromNumber(UInt128 number)
    {
        Span<byte> bytes = stackalloc byte[16];
        BinaryPrimitives.WriteUInt128BigEndian(bytes, number);
        return new IPAddress(Family == "IPv4" ? bytes[12..] : bytes);
    }
}

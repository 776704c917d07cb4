using System.Net;
using System.Numerics;

namespace Cluster.Controllers.Nodes;

/// <summary>A range of addresses cut into equal parts, IPv4 or IPv6.</summary>
internal sealed class CidrRange
{
    private readonly IPNetwork _network;
    private readonly int _partLength;
    private readonly int _bits;

    /// <exception cref="FormatException">The text is no CIDR.</exception>
    /// <exception cref="ArgumentException">The parts would be larger than the range.</exception>
    public CidrRange(string cidr, int partLength)
    {
        _network = IPNetwork.Parse(cidr);
        _partLength = partLength;
        _bits = _network.BaseAddress.GetAddressBytes().Length * 8;
        if (partLength < _network.PrefixLength || partLength > _bits)
        {
            throw new ArgumentException($"a range of /{partLength} does not fit into {cidr}", nameof(partLength));
        }
    }

    /// <summary>How many parts there are, at most 65,536: more nodes than that no cluster has.</summary>
    public int Count => 1 << Math.Min(16, _partLength - _network.PrefixLength);

    /// <summary>The part at an index, such as <c>10.244.3.0/24</c>.</summary>
    public string Part(int index)
    {
        var start = new BigInteger(_network.BaseAddress.GetAddressBytes(), isUnsigned: true, isBigEndian: true) + (new BigInteger(index) << (_bits - _partLength));
        var bytes = new byte[_bits / 8];
        var digits = start.ToByteArray(isUnsigned: true, isBigEndian: true);
        digits.CopyTo(bytes, bytes.Length - digits.Length);
        return $"{new IPAddress(bytes)}/{_partLength}";
    }
}

using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;

namespace Cluster.Dataplane.Linux.Netlink;

/// <summary>Builds one rtnetlink route request: header, route message, attributes (linux/rtnetlink.h; host byte order).</summary>
internal ref struct RouteMessage
{
    public const int HeaderBytes = 16;
    public const int RouteBytes = 12;
    public const ushort RTM_NEWROUTE = 24;
    public const ushort RTM_DELROUTE = 25;
    public const ushort RTM_GETROUTE = 26;
    public const ushort NLM_F_REQUEST = 0x1;
    public const ushort NLM_F_ACK = 0x4;
    public const ushort NLM_F_REPLACE = 0x100;
    public const ushort NLM_F_DUMP = 0x300;
    public const ushort NLM_F_CREATE = 0x400;
    public const ushort RTM_NEWRULE = 32;
    public const ushort RTM_DELRULE = 33;
    public const ushort NLM_F_EXCL = 0x200;
    public const byte RT_TABLE_LOCAL = 255;
    public const ushort FRA_PRIORITY = 6;
    public const ushort FRA_FWMARK = 10;
    public const ushort FRA_FWMASK = 16;
    public const ushort RTA_DST = 1;
    public const ushort RTA_OIF = 4;
    public const ushort RTA_PREFSRC = 7;
    private const byte RT_SCOPE_HOST = 254;
    private const byte RTN_LOCAL = 2;
    private const byte FR_ACT_TO_TBL = 1;

    private readonly Span<byte> _buffer;
    private int _length;

    public RouteMessage(Span<byte> buffer, ushort type, ushort flags)
    {
        buffer.Clear();
        _buffer = buffer;
        _length = HeaderBytes + RouteBytes;
        MemoryMarshal.Write(buffer[4..], type);
        MemoryMarshal.Write(buffer[6..], (ushort)(flags | NLM_F_REQUEST));
    }

    /// <summary>A route in table local, or another: packets to the destination are this node's own.</summary>
    public readonly void SetLocalRoute(AddressFamily family, int prefixLength, byte protocol, byte table = RT_TABLE_LOCAL)
    {
        var route = _buffer.Slice(HeaderBytes, RouteBytes);
        route[0] = FamilyNumber(family);
        route[1] = (byte)prefixLength;
        route[4] = table;
        route[5] = protocol;
        route[6] = RT_SCOPE_HOST;
        route[7] = RTN_LOCAL;
    }

    /// <summary>A rule by which packets are routed by a table; attributes say which packets. It stands where a route stands in the message.</summary>
    public readonly void SetRule(AddressFamily family, byte table)
    {
        var rule = _buffer.Slice(HeaderBytes, RouteBytes);
        rule[0] = FamilyNumber(family);
        rule[4] = table;
        rule[7] = FR_ACT_TO_TBL;
    }

    /// <summary>For dumps: the family alone.</summary>
    public readonly void SetFamily(AddressFamily family) => _buffer[HeaderBytes] = FamilyNumber(family);

    public void Add(ushort attribute, int value)
    {
        Span<byte> bytes = stackalloc byte[4];
        MemoryMarshal.Write(bytes, value);
        Add(attribute, bytes);
    }

    public void Add(ushort attribute, IPAddress address)
    {
        Span<byte> bytes = stackalloc byte[16];
        address.TryWriteBytes(bytes, out var length);
        Add(attribute, bytes[..length]);
    }

    public readonly ReadOnlySpan<byte> Finish()
    {
        MemoryMarshal.Write(_buffer, _length);
        return _buffer[.._length];
    }

    private void Add(ushort attribute, scoped ReadOnlySpan<byte> value)
    {
        var place = _buffer[_length..];
        MemoryMarshal.Write(place, (ushort)(4 + value.Length));
        MemoryMarshal.Write(place[2..], attribute);
        value.CopyTo(place[4..]);
        // Attributes are aligned to four bytes; addresses and numbers are anyway.
        _length += 4 + value.Length;
    }

    private static byte FamilyNumber(AddressFamily family) => family == AddressFamily.InterNetworkV6 ? (byte)10 : (byte)2;
}

using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Cluster.Dataplane.Services;
using static Cluster.Dataplane.Linux.Nftables.Messages.NftAttribute;

namespace Cluster.Dataplane.Linux.Nftables.Messages;

/// <summary>Writes a rule's expressions, in the order in which packets meet them. The words are nft's.</summary>
/// <remarks>
/// Registers are 16 words of four bytes each, which keys and values take one behind the other. Conditions use the first four for a
/// moment: what is to last is loaded after them.
/// </remarks>
internal sealed class NftRule
{
    // The verdict's register, the first one of 16 bytes, and the number of the first one of 4 bytes, which is the same memory.
    private const uint Verdict = 0, First = 1, FirstWord = 8;
    private const uint NFT_META_MARK = 3, NFT_META_NFPROTO = 15, NFT_META_L4PROTO = 16;
    private const uint NFT_PAYLOAD_NETWORK_HEADER = 1;
    private const uint NFT_FIB_RESULT_ADDRTYPE = 3, NFTA_FIB_F_SADDR = 1;
    private const uint NFT_OBJECT_COUNTER = 1;
    private const uint NFT_NAT_DNAT = 1;
    private const uint NFT_DYNSET_OP_UPDATE = 1;
    private const uint RTN_LOCAL = 2;

    // One a thread, used over and over: a table has tens of thousands of rules.
    [ThreadStatic]
    private static NftRule? _writer;

    private readonly NetlinkBuffer _expressions;

    private NftRule(NetlinkBuffer expressions) => _expressions = expressions;

    /// <summary>The bytes of a rule; of rules that are alike they are equal.</summary>
    public static byte[] Write(Action<NftRule> write)
    {
        var rule = _writer ??= new NftRule(new NetlinkBuffer());
        rule._expressions.Clear();
        write(rule);
        return rule._expressions.Bytes.ToArray();
    }

    /// <summary><c>goto CHAIN</c></summary>
    public void Goto(string chain)
    {
        var expression = Begin("immediate", out var data);
        _expressions.Add(1, Verdict);
        NftData.WriteGoto(_expressions, 2, chain);
        End(expression, data);
    }

    public void Drop()
    {
        var expression = Begin("immediate", out var data);
        _expressions.Add(1, Verdict);
        NftData.WriteVerdict(_expressions, 2, NftData.NF_DROP, null);
        End(expression, data);
    }

    /// <summary><c>counter name NAME</c></summary>
    public void Count(string name)
    {
        var expression = Begin("objref", out var data);
        _expressions.Add(1, NFT_OBJECT_COUNTER);
        _expressions.Add(2, name);
        End(expression, data);
    }

    /// <summary><c>meta mark set meta mark | BITS</c></summary>
    public void Mark(uint bits)
    {
        Meta(NFT_META_MARK);
        Bitwise(Host(~bits), Host(bits));
        var expression = Begin("meta", out var data);
        _expressions.Add(2, NFT_META_MARK);
        _expressions.Add(3, First);
        End(expression, data);
    }

    /// <summary><c>fib saddr type local</c></summary>
    public void IfSourceIsLocal()
    {
        var expression = Begin("fib", out var data);
        _expressions.Add(1, First);
        _expressions.Add(2, NFT_FIB_RESULT_ADDRTYPE);
        _expressions.Add(3, NFTA_FIB_F_SADDR);
        End(expression, data);
        IfEqual(Host(RTN_LOCAL));
    }

    /// <summary><c>meta l4proto tcp</c></summary>
    public void IfProtocol(ServiceProtocol protocol)
    {
        Meta(NFT_META_L4PROTO);
        IfEqual([NftPlace.Number(protocol)]);
    }

    /// <summary><c>meta nfproto ipv4</c></summary>
    public void IfFamily(AddressFamily family)
    {
        Meta(NFT_META_NFPROTO);
        IfEqual([NativeFamily(family)]);
    }

    /// <summary><c>ip saddr @SET</c></summary>
    public void IfSourceIn(AddressFamily family, string set)
    {
        IfFamily(family);
        LoadSource(0, family);
        IfIn(set, 0);
    }

    /// <summary><c>KEY @SET</c></summary>
    public void IfIn(string set, uint key)
    {
        var expression = Begin("lookup", out var data);
        _expressions.Add(1, set);
        _expressions.Add(2, FirstWord + key);
        End(expression, data);
    }

    /// <summary><c>numgen inc mod COUNT 0</c>: one in so many times.</summary>
    public void IfTurn(uint count)
    {
        LoadTurn(0, count);
        IfEqual(Host(0));
    }

    /// <summary><c>ip saddr RANGE</c></summary>
    public void IfSourceIn(IPNetwork range)
    {
        IfFamily(range.BaseAddress.AddressFamily);
        LoadSource(0, range.BaseAddress.AddressFamily);
        var address = range.BaseAddress.GetAddressBytes();
        var mask = new byte[address.Length];
        for (var bit = 0; bit < range.PrefixLength; bit++) mask[bit >> 3] |= (byte)(0x80 >> (bit & 7));
        Bitwise(mask, new byte[mask.Length]);
        IfEqual(address);
    }

    /// <summary>Puts the client's address into registers.</summary>
    public void LoadSource(uint into, AddressFamily family)
    {
        var v6 = family == AddressFamily.InterNetworkV6;
        var expression = Begin("payload", out var data);
        _expressions.Add(1, FirstWord + into);
        _expressions.Add(2, NFT_PAYLOAD_NETWORK_HEADER);
        _expressions.Add(3, v6 ? 8u : 12u);
        _expressions.Add(4, v6 ? 16u : 4u);
        End(expression, data);
    }

    /// <summary>Puts a constant into a register.</summary>
    public void Load(uint into, uint value) => Load(into, Host(value));

    /// <summary>Puts an address into registers, and its port into the one behind.</summary>
    public void Load(uint into, IPEndPoint endPoint)
    {
        var address = endPoint.Address.GetAddressBytes();
        Load(into, address);
        Span<byte> port = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(port, (ushort)endPoint.Port);
        Load(into + ((uint)address.Length / 4), port);
    }

    /// <summary><c>numgen inc mod COUNT</c>: each rule counts for itself.</summary>
    public void LoadTurn(uint into, uint count)
    {
        var expression = Begin("numgen", out var data);
        _expressions.Add(1, FirstWord + into);
        _expressions.Add(2, count);
        _expressions.Add(3, 0u);
        _expressions.Add(4, 0u);
        End(expression, data);
    }

    /// <summary><c>KEY map @MAP</c>: the rule ends here where the map has no such key.</summary>
    public void LookUp(string map, uint key, uint into)
    {
        var expression = Begin("lookup", out var data);
        _expressions.Add(1, map);
        _expressions.Add(2, FirstWord + key);
        _expressions.Add(3, FirstWord + into);
        End(expression, data);
    }

    /// <summary><c>update @SET { KEY timeout TIME }</c>: the rule ends here where the set is full.</summary>
    public void Remember(string set, uint key, TimeSpan timeout)
    {
        var expression = Begin("dynset", out var data);
        _expressions.Add(1, set);
        _expressions.Add(3, NFT_DYNSET_OP_UPDATE);
        _expressions.Add(4, FirstWord + key);
        _expressions.Add(6, (ulong)timeout.TotalMilliseconds);
        End(expression, data);
    }

    /// <summary><c>dnat to ADDRESS:PORT</c>, both from registers.</summary>
    public void Translate(AddressFamily family, uint address, uint port)
    {
        var expression = Begin("nat", out var data);
        _expressions.Add(1, NFT_NAT_DNAT);
        _expressions.Add(2, (uint)NativeFamily(family));
        _expressions.Add(3, FirstWord + address);
        _expressions.Add(5, FirstWord + port);
        End(expression, data);
    }

    // NFPROTO_IPV4 and NFPROTO_IPV6 have the numbers of the address families.
    private static byte NativeFamily(AddressFamily family) => family == AddressFamily.InterNetworkV6 ? (byte)10 : (byte)2;

    private static byte[] Host(uint value)
    {
        var bytes = new byte[4];
        MemoryMarshal.Write(bytes, value);
        return bytes;
    }

    private void Load(uint into, ReadOnlySpan<byte> value)
    {
        var expression = Begin("immediate", out var data);
        _expressions.Add(1, FirstWord + into);
        NftData.WriteValue(_expressions, 2, value);
        End(expression, data);
    }

    private void Meta(uint key)
    {
        var expression = Begin("meta", out var data);
        _expressions.Add(1, First);
        _expressions.Add(2, key);
        End(expression, data);
    }

    private void IfEqual(ReadOnlySpan<byte> value)
    {
        var expression = Begin("cmp", out var data);
        _expressions.Add(1, First);
        _expressions.Add(2, 0u);
        NftData.WriteValue(_expressions, 3, value);
        End(expression, data);
    }

    private void Bitwise(ReadOnlySpan<byte> and, ReadOnlySpan<byte> xor)
    {
        var expression = Begin("bitwise", out var data);
        _expressions.Add(1, First);
        _expressions.Add(2, First);
        _expressions.Add(3, (uint)and.Length);
        NftData.WriteValue(_expressions, 4, and);
        NftData.WriteValue(_expressions, 5, xor);
        End(expression, data);
    }

    private int Begin(string name, out int data)
    {
        var expression = _expressions.BeginNest(NFTA_LIST_ELEM);
        _expressions.Add(NFTA_EXPR_NAME, name);
        data = _expressions.BeginNest(NFTA_EXPR_DATA);
        return expression;
    }

    private void End(int expression, int data)
    {
        _expressions.EndNest(data);
        _expressions.EndNest(expression);
    }
}

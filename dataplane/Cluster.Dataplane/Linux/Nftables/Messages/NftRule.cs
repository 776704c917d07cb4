using System.Buffers.Binary;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Cluster.Dataplane.Services;
using static Cluster.Dataplane.Linux.Nftables.Messages.NftAttribute;

namespace Cluster.Dataplane.Linux.Nftables.Messages;

/// <summary>Writes a rule's expressions, in the order in which packets meet them. The words are nft's.</summary>
internal sealed class NftRule(NftBatch batch)
{
    /// <summary>The kernel puts a number in place of the %d.</summary>
    public const string AnonymousMap = "__map%d";

    // Registers: the verdict, and two of 16 bytes; the small ones of 4 bytes begin with number 8 and are the same memory.
    private const uint Verdict = 0, First = 1, Second = 2, FirstSmall = 8;
    private const uint NF_DROP = 0;
    private const uint NFT_META_MARK = 3, NFT_META_NFPROTO = 15, NFT_META_L4PROTO = 16;
    private const uint NFT_PAYLOAD_NETWORK_HEADER = 1;
    private const uint NFT_FIB_RESULT_ADDRTYPE = 3, NFTA_FIB_F_SADDR = 1;
    private const uint NFT_OBJECT_COUNTER = 1;
    private const uint NFT_NAT_DNAT = 1;
    private const uint NFT_DYNSET_OP_UPDATE = 1;
    private const uint RTN_LOCAL = 2;

    public NetlinkBuffer Expressions { get; } = new();

    /// <summary><c>goto CHAIN</c></summary>
    public void Goto(string chain)
    {
        var expression = Begin("immediate", out var data);
        Expressions.Add(1, Verdict);
        NftElement.WriteGoto(Expressions, 2, chain);
        End(expression, data);
    }

    public void Drop()
    {
        var expression = Begin("immediate", out var data);
        Expressions.Add(1, Verdict);
        NftElement.WriteVerdict(Expressions, 2, NF_DROP, null);
        End(expression, data);
    }

    /// <summary><c>counter name NAME</c></summary>
    public void Count(string name)
    {
        var expression = Begin("objref", out var data);
        Expressions.Add(1, NFT_OBJECT_COUNTER);
        Expressions.Add(2, name);
        End(expression, data);
    }

    /// <summary><c>meta mark set meta mark | BITS</c></summary>
    public void Mark(uint bits)
    {
        Meta(NFT_META_MARK, First);
        Bitwise(Host(~bits), Host(bits));
        var expression = Begin("meta", out var data);
        Expressions.Add(2, NFT_META_MARK);
        Expressions.Add(3, First);
        End(expression, data);
    }

    /// <summary><c>fib saddr type local</c></summary>
    public void IfSourceIsLocal()
    {
        var expression = Begin("fib", out var data);
        Expressions.Add(1, First);
        Expressions.Add(2, NFT_FIB_RESULT_ADDRTYPE);
        Expressions.Add(3, NFTA_FIB_F_SADDR);
        End(expression, data);
        IfEqual(Host(RTN_LOCAL));
    }

    /// <summary><c>meta l4proto tcp</c></summary>
    public void IfProtocol(ServiceProtocol protocol)
    {
        Meta(NFT_META_L4PROTO, First);
        IfEqual([NftPlace.Number(protocol)]);
    }

    /// <summary><c>ip saddr @SET</c></summary>
    public void IfSourceIn(AddressFamily family, string set)
    {
        LoadSource(family);
        var expression = Begin("lookup", out var data);
        Expressions.Add(1, set);
        Expressions.Add(2, First);
        End(expression, data);
    }

    /// <summary><c>ip saddr RANGE</c></summary>
    public void IfSourceIn(IPNetwork range)
    {
        LoadSource(range.BaseAddress.AddressFamily);
        var address = range.BaseAddress.GetAddressBytes();
        var mask = new byte[address.Length];
        for (var bit = 0; bit < range.PrefixLength; bit++) mask[bit >> 3] |= (byte)(0x80 >> (bit & 7));
        Bitwise(mask, new byte[mask.Length]);
        IfEqual(address);
    }

    /// <summary><c>update @SET { ip saddr }</c></summary>
    public void RememberSource(AddressFamily family, string set)
    {
        LoadSource(family);
        var expression = Begin("dynset", out var data);
        Expressions.Add(1, set);
        Expressions.Add(3, NFT_DYNSET_OP_UPDATE);
        Expressions.Add(4, First);
        End(expression, data);
    }

    /// <summary><c>dnat ip to numgen inc mod N map { 0 : ADDRESS . PORT, ... }</c></summary>
    public void TranslateInTurn(AddressFamily family, IReadOnlyList<IPEndPoint> targets)
    {
        var addressBytes = family == AddressFamily.InterNetworkV6 ? 16u : 4u;
        var type = ((family == AddressFamily.InterNetworkV6 ? TYPE_IP6ADDR : TYPE_IPADDR) << TYPE_BITS) | TYPE_INET_SERVICE;
        var map = batch.AddTurns(type, addressBytes + 4, [.. targets.Select((target, turn) => NftElement.Value(Turn(turn), NftPlace.Bytes(target)))]);
        LookUpTurn(targets.Count, map, First);
        // The port follows the address in the register's memory.
        Translate(family, First, FirstSmall + (addressBytes / 4));
    }

    /// <summary><c>dnat ip to ADDRESS:PORT</c></summary>
    public void Translate(IPEndPoint target)
    {
        Immediate(First, target.Address.GetAddressBytes());
        Span<byte> port = stackalloc byte[2];
        BinaryPrimitives.WriteUInt16BigEndian(port, (ushort)target.Port);
        Immediate(Second, port);
        Translate(target.AddressFamily, First, Second);
    }

    /// <summary><c>numgen inc mod N vmap { 0 : goto CHAIN, ... }</c></summary>
    public void GotoInTurn(IReadOnlyList<string> chains)
    {
        var map = batch.AddTurns(NFT_DATA_VERDICT, 0, [.. chains.Select((chain, turn) => NftElement.Goto(Turn(turn), chain))]);
        LookUpTurn(chains.Count, map, Verdict);
    }

    private static byte[] Turn(int turn) => Host((uint)turn);

    private static byte[] Host(uint value)
    {
        var bytes = new byte[4];
        MemoryMarshal.Write(bytes, value);
        return bytes;
    }

    private void LookUpTurn(int count, uint map, uint into)
    {
        var expression = Begin("numgen", out var data);
        Expressions.Add(1, First);
        Expressions.Add(2, (uint)count);
        Expressions.Add(3, 0u);
        Expressions.Add(4, 0u);
        End(expression, data);
        expression = Begin("lookup", out data);
        Expressions.Add(1, AnonymousMap);
        Expressions.Add(2, First);
        Expressions.Add(3, into);
        Expressions.Add(4, map);
        End(expression, data);
    }

    private void Translate(AddressFamily family, uint address, uint port)
    {
        var expression = Begin("nat", out var data);
        Expressions.Add(1, NFT_NAT_DNAT);
        Expressions.Add(2, (uint)NativeFamily(family));
        Expressions.Add(3, address);
        Expressions.Add(5, port);
        End(expression, data);
    }

    private void LoadSource(AddressFamily family)
    {
        var v6 = family == AddressFamily.InterNetworkV6;
        Meta(NFT_META_NFPROTO, First);
        IfEqual([NativeFamily(family)]);
        var expression = Begin("payload", out var data);
        Expressions.Add(1, First);
        Expressions.Add(2, NFT_PAYLOAD_NETWORK_HEADER);
        Expressions.Add(3, v6 ? 8u : 12u);
        Expressions.Add(4, v6 ? 16u : 4u);
        End(expression, data);
    }

    // NFPROTO_IPV4 and NFPROTO_IPV6 have the numbers of the address families.
    private static byte NativeFamily(AddressFamily family) => family == AddressFamily.InterNetworkV6 ? (byte)10 : (byte)2;

    private void Meta(uint key, uint into)
    {
        var expression = Begin("meta", out var data);
        Expressions.Add(1, into);
        Expressions.Add(2, key);
        End(expression, data);
    }

    private void IfEqual(ReadOnlySpan<byte> value)
    {
        var expression = Begin("cmp", out var data);
        Expressions.Add(1, First);
        Expressions.Add(2, 0u);
        NftElement.WriteValue(Expressions, 3, value);
        End(expression, data);
    }

    private void Bitwise(ReadOnlySpan<byte> and, ReadOnlySpan<byte> xor)
    {
        var expression = Begin("bitwise", out var data);
        Expressions.Add(1, First);
        Expressions.Add(2, First);
        Expressions.Add(3, (uint)and.Length);
        NftElement.WriteValue(Expressions, 4, and);
        NftElement.WriteValue(Expressions, 5, xor);
        End(expression, data);
    }

    private void Immediate(uint into, ReadOnlySpan<byte> value)
    {
        var expression = Begin("immediate", out var data);
        Expressions.Add(1, into);
        NftElement.WriteValue(Expressions, 2, value);
        End(expression, data);
    }

    private int Begin(string name, out int data)
    {
        var expression = Expressions.BeginNest(NFTA_LIST_ELEM);
        Expressions.Add(NFTA_EXPR_NAME, name);
        data = Expressions.BeginNest(NFTA_EXPR_DATA);
        return expression;
    }

    private void End(int expression, int data)
    {
        Expressions.EndNest(data);
        Expressions.EndNest(expression);
    }
}

using Cluster.Dataplane.Linux.Netlink;
using static Cluster.Dataplane.Linux.Nftables.Messages.NftAttribute;

namespace Cluster.Dataplane.Linux.Nftables.Messages;

/// <summary>One transaction on a table of the family inet: the kernel carries out all of it or nothing.</summary>
/// <remarks>
/// Spoken to the kernel directly: <c>nft</c> first reads all chains and sets of the table, which takes it a quarter of a second at 10,000
/// services whatever the change. Names and types are such that nft shows what was made as if it had made it.
/// </remarks>
internal sealed class NftBatch
{
    private const ushort NLM_F_REQUEST = 0x1;
    private const ushort NLM_F_ACK = 0x4;
    private const ushort NLM_F_CREATE = 0x400;
    private const ushort NLM_F_APPEND = 0x800;

    /// <summary>Elements of one message: their list has 16 bits for its length.</summary>
    private const int MaxElements = 400;

    private readonly NetlinkBuffer _buffer = new();
    private readonly List<string> _what = [];
    private readonly string _table;
    private uint _setId;
    private int _last;

    public NftBatch(string table)
    {
        _table = table;
        Frame(NFNL_MSG_BATCH_BEGIN);
    }

    public bool IsEmpty => _what.Count == 0;

    /// <summary>Of a chain that is there it means nothing.</summary>
    public void AddChain(string name)
    {
        var start = Begin(NFT_MSG_NEWCHAIN, NLM_F_CREATE, $"add chain {name}");
        _buffer.Add(NFTA_CHAIN_NAME, name);
        _buffer.EndMessage(start);
    }

    public void DeleteChain(string name)
    {
        var start = Begin(NFT_MSG_DELCHAIN, 0, $"delete chain {name}");
        _buffer.Add(NFTA_CHAIN_NAME, name);
        _buffer.EndMessage(start);
    }

    /// <summary>Removes all rules of a chain.</summary>
    public void FlushChain(string name)
    {
        var start = Begin(NFT_MSG_DELRULE, 0, $"flush chain {name}");
        _buffer.Add(NFTA_RULE_CHAIN, name);
        _buffer.EndMessage(start);
    }

    public void AddRule(string chain, Action<NftRule> write)
    {
        var rule = new NftRule(this);
        // Maps of the rule's own come before it.
        write(rule);
        var start = Begin(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, $"add a rule to chain {chain}");
        _buffer.Add(NFTA_RULE_CHAIN, chain);
        var list = _buffer.BeginNest(NFTA_RULE_EXPRESSIONS);
        _buffer.Append(rule.Expressions);
        _buffer.EndNest(list);
        _buffer.EndMessage(start);
    }

    /// <summary>A set that rules fill with addresses of clients, which are forgotten in time.</summary>
    public void AddClientSet(string name, bool v6, TimeSpan timeout, uint size)
    {
        var start = Begin(NFT_MSG_NEWSET, NLM_F_CREATE, $"add set {name}");
        _buffer.Add(NFTA_SET_NAME, name);
        _buffer.Add(NFTA_SET_FLAGS, NFT_SET_TIMEOUT | NFT_SET_EVAL);
        _buffer.Add(NFTA_SET_KEY_TYPE, v6 ? TYPE_IP6ADDR : TYPE_IPADDR);
        _buffer.Add(NFTA_SET_KEY_LEN, v6 ? 16u : 4u);
        _buffer.Add(NFTA_SET_ID, ++_setId);
        _buffer.Add(NFTA_SET_TIMEOUT, (ulong)timeout.TotalMilliseconds);
        var description = _buffer.BeginNest(NFTA_SET_DESC);
        _buffer.Add(NFTA_SET_DESC_SIZE, size);
        _buffer.EndNest(description);
        _buffer.EndMessage(start);
    }

    public void DeleteSet(string name)
    {
        var start = Begin(NFT_MSG_DELSET, 0, $"delete set {name}");
        _buffer.Add(NFTA_SET_NAME, name);
        _buffer.EndMessage(start);
    }

    /// <summary>Adds an element; with a chain it is one of a map, to which the packet goes.</summary>
    public void AddElement(string set, byte[] key, string? chain) =>
        WriteElements(NFT_MSG_NEWSETELEM, NLM_F_CREATE, set, null, [chain is null ? NftElement.Of(key) : NftElement.Goto(key, chain)], $"add an element to {set}");

    public void DeleteElement(string set, byte[] key) => WriteElements(NFT_MSG_DELSETELEM, 0, set, null, [NftElement.Of(key)], $"delete an element of {set}");

    /// <summary>Removes all elements.</summary>
    public void FlushSet(string set)
    {
        var start = Begin(NFT_MSG_DELSETELEM, 0, $"flush set {set}");
        _buffer.Add(NFTA_SET_ELEM_LIST_SET, set);
        _buffer.EndMessage(start);
    }

    /// <summary>Carries it out.</summary>
    /// <exception cref="NftException">The kernel refused; nothing was done.</exception>
    public void Commit()
    {
        if (IsEmpty) return;
        _buffer.AddFlags(_last, NLM_F_ACK);
        Frame(NFNL_MSG_BATCH_END);
        using var socket = new NetlinkSocket(NftSocket.NETLINK_NETFILTER);
        NftSocket.Commit(socket, _buffer.Bytes, (uint)_what.Count, sequence => _what[(int)sequence - 1]);
    }

    /// <summary>Makes a map from turns (0, 1, ...) to something, for one rule.</summary>
    /// <returns>The number by which the rule names it.</returns>
    internal uint AddTurns(uint dataType, uint dataBytes, IReadOnlyList<NftElement> elements)
    {
        // enum byteorder of nft: 1 is the host's. It decides how nft shows the keys.
        ReadOnlySpan<byte> hostOrder = [0, 4, 1, 0, 0, 0];
        var id = ++_setId;
        var start = Begin(NFT_MSG_NEWSET, NLM_F_CREATE, "add a map of turns");
        _buffer.Add(NFTA_SET_NAME, NftRule.AnonymousMap);
        _buffer.Add(NFTA_SET_FLAGS, NFT_SET_ANONYMOUS | NFT_SET_CONSTANT | NFT_SET_MAP);
        _buffer.Add(NFTA_SET_KEY_TYPE, TYPE_INTEGER);
        _buffer.Add(NFTA_SET_KEY_LEN, 4u);
        _buffer.Add(NFTA_SET_DATA_TYPE, dataType);
        if (dataBytes > 0) _buffer.Add(NFTA_SET_DATA_LEN, dataBytes);
        _buffer.Add(NFTA_SET_ID, id);
        var description = _buffer.BeginNest(NFTA_SET_DESC);
        _buffer.Add(NFTA_SET_DESC_SIZE, (uint)elements.Count);
        _buffer.EndNest(description);
        _buffer.Add(NFTA_SET_USERDATA, hostOrder);
        _buffer.EndMessage(start);
        WriteElements(NFT_MSG_NEWSETELEM, NLM_F_CREATE, NftRule.AnonymousMap, id, elements, "fill a map of turns");
        return id;
    }

    private void WriteElements(ushort type, ushort flags, string set, uint? id, IReadOnlyList<NftElement> elements, string what)
    {
        for (var first = 0; first < elements.Count; first += MaxElements)
        {
            var start = Begin(type, flags, what);
            _buffer.Add(NFTA_SET_ELEM_LIST_SET, set);
            if (id is { } number) _buffer.Add(NFTA_SET_ELEM_LIST_SET_ID, number);
            var list = _buffer.BeginNest(NFTA_SET_ELEM_LIST_ELEMENTS);
            foreach (var element in elements.Skip(first).Take(MaxElements)) element.Write(_buffer);
            _buffer.EndNest(list);
            _buffer.EndMessage(start);
        }
    }

    private int Begin(ushort type, ushort flags, string what)
    {
        _what.Add(what);
        _last = _buffer.BeginMessage((ushort)((NFNL_SUBSYS_NFTABLES << 8) | type), (ushort)(flags | NLM_F_REQUEST), (uint)_what.Count, NFPROTO_INET, 0);
        _buffer.Add(NFTA_TABLE, _table);
        return _last;
    }

    private void Frame(ushort type) => _buffer.EndMessage(_buffer.BeginMessage(type, NLM_F_REQUEST, 0, 0, NFNL_SUBSYS_NFTABLES));
}

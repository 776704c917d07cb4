using System.Runtime.CompilerServices;
using static Cluster.Dataplane.Linux.Nftables.Messages.NftAttribute;

namespace Cluster.Dataplane.Linux.Nftables.Messages;

/// <summary>One transaction on a table of the family inet: the kernel carries out all of it or nothing.</summary>
/// <remarks>
/// Spoken to the kernel directly: <c>nft</c> first reads all chains and sets of the table, which takes it a quarter of a second at 10,000
/// services whatever the change. Elements of one set that follow one another share messages.
/// </remarks>
internal sealed class NftBatch : IDisposable
{
    private const ushort NLM_F_REQUEST = 0x1;
    private const ushort NLM_F_ACK = 0x4;
    private const ushort NLM_F_CREATE = 0x400;
    private const ushort NLM_F_APPEND = 0x800;

    /// <summary>A message's list of elements has 16 bits for its length; half of it leaves room for the one that comes last.</summary>
    private const int MaxListBytes = 32_000;

    private readonly NetlinkBuffer _buffer = new();
    private readonly List<(string Verb, string Name)> _what = [];
    private readonly string _table;
    private (int Message, int List, ushort Type, string Set)? _elements;
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
        var start = Begin(NFT_MSG_NEWCHAIN, NLM_F_CREATE, "add chain", name);
        _buffer.Add(NFTA_CHAIN_NAME, name);
        _buffer.EndMessage(start);
    }

    public void DeleteChain(string name)
    {
        var start = Begin(NFT_MSG_DELCHAIN, 0, "delete chain", name);
        _buffer.Add(NFTA_CHAIN_NAME, name);
        _buffer.EndMessage(start);
    }

    /// <summary>Removes all rules of a chain.</summary>
    public void FlushChain(string name)
    {
        var start = Begin(NFT_MSG_DELRULE, 0, "flush chain", name);
        _buffer.Add(NFTA_RULE_CHAIN, name);
        _buffer.EndMessage(start);
    }

    /// <param name="chain">To whose end it comes.</param>
    /// <param name="expressions">What <see cref="NftRule"/> wrote.</param>
    public void AddRule(string chain, ReadOnlySpan<byte> expressions)
    {
        var start = Begin(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND, "add a rule to chain", chain);
        _buffer.Add(NFTA_RULE_CHAIN, chain);
        var list = _buffer.BeginNest(NFTA_RULE_EXPRESSIONS);
        _buffer.Append(expressions);
        _buffer.EndNest(list);
        _buffer.EndMessage(start);
    }

    /// <summary>A map from two numbers to an address with its port. Of one that is there it means nothing.</summary>
    public void AddTargetMap(string name, bool v6)
    {
        var start = Begin(NFT_MSG_NEWSET, NLM_F_CREATE, "add map", name);
        _buffer.Add(NFTA_SET_NAME, name);
        _buffer.Add(NFTA_SET_FLAGS, NFT_SET_MAP);
        _buffer.Add(NFTA_SET_KEY_TYPE, Concatenated(TYPE_MARK, TYPE_MARK));
        _buffer.Add(NFTA_SET_KEY_LEN, 8u);
        _buffer.Add(NFTA_SET_DATA_TYPE, Concatenated(v6 ? TYPE_IP6ADDR : TYPE_IPADDR, TYPE_INET_SERVICE));
        _buffer.Add(NFTA_SET_DATA_LEN, v6 ? 20u : 8u);
        _buffer.Add(NFTA_SET_ID, (uint)_what.Count);
        _buffer.EndMessage(start);
    }

    /// <summary>A set that rules fill with a number and a client's address, which are forgotten in time. Of one that is there it means nothing.</summary>
    /// <param name="name">The set's.</param>
    /// <param name="v6">Of which family the clients are.</param>
    /// <param name="size">How many it takes.</param>
    /// <param name="collect">Who is over time is looked past at once; this is how soon the memory is given back.</param>
    public void AddClientSet(string name, bool v6, uint size, TimeSpan collect)
    {
        var start = Begin(NFT_MSG_NEWSET, NLM_F_CREATE, "add set", name);
        _buffer.Add(NFTA_SET_NAME, name);
        _buffer.Add(NFTA_SET_FLAGS, NFT_SET_TIMEOUT | NFT_SET_EVAL);
        _buffer.Add(NFTA_SET_KEY_TYPE, Concatenated(Concatenated(TYPE_MARK, TYPE_MARK), v6 ? TYPE_IP6ADDR : TYPE_IPADDR));
        _buffer.Add(NFTA_SET_KEY_LEN, v6 ? 24u : 12u);
        _buffer.Add(NFTA_SET_ID, (uint)_what.Count);
        _buffer.Add(NFTA_SET_GC_INTERVAL, (uint)collect.TotalMilliseconds);
        var description = _buffer.BeginNest(NFTA_SET_DESC);
        _buffer.Add(NFTA_SET_DESC_SIZE, size);
        _buffer.EndNest(description);
        _buffer.EndMessage(start);
    }

    /// <summary>Adds an element to a set.</summary>
    public void AddElement(string set, ReadOnlySpan<byte> key) => _buffer.EndNest(BeginElement(NFT_MSG_NEWSETELEM, set, key));

    /// <summary>Adds an element to a map of values.</summary>
    public void AddElement(string map, ReadOnlySpan<byte> key, ReadOnlySpan<byte> value)
    {
        var element = BeginElement(NFT_MSG_NEWSETELEM, map, key);
        NftData.WriteValue(_buffer, NFTA_SET_ELEM_DATA, value);
        _buffer.EndNest(element);
    }

    /// <summary>Adds an element to a map of verdicts: the packet goes to the chain.</summary>
    public void AddElement(string map, ReadOnlySpan<byte> key, string chain)
    {
        var element = BeginElement(NFT_MSG_NEWSETELEM, map, key);
        NftData.WriteGoto(_buffer, NFTA_SET_ELEM_DATA, chain);
        _buffer.EndNest(element);
    }

    public void DeleteElement(string set, ReadOnlySpan<byte> key) => _buffer.EndNest(BeginElement(NFT_MSG_DELSETELEM, set, key));

    /// <summary>Removes all elements.</summary>
    public void FlushSet(string set)
    {
        var start = Begin(NFT_MSG_DELSETELEM, 0, "flush set", set);
        _buffer.Add(NFTA_SET_ELEM_LIST_SET, set);
        _buffer.EndMessage(start);
    }

    /// <summary>The number of the last message, which the kernel acknowledges.</summary>
    public uint Last => (uint)_what.Count;

    /// <summary>Ends it: nothing can be added any more.</summary>
    /// <returns>All messages.</returns>
    public ReadOnlySpan<byte> Finish()
    {
        EndElements();
        _buffer.AddFlags(_last, NLM_F_ACK);
        Frame(NFNL_MSG_BATCH_END);
        return _buffer.Bytes;
    }

    /// <summary>What a message asks for, by its number.</summary>
    public string Describe(uint number) => number == 0 || number > Last ? "begin" : $"{_what[(int)number - 1].Verb} {_what[(int)number - 1].Name}";

    public void Dispose() => _buffer.Dispose();

    private static uint Concatenated(uint types, uint type) => (types << TYPE_BITS) | type;

    // Called for each of a hundred thousand elements at the start, when the runtime would run what it compiles in a hurry.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private int BeginElement(ushort type, string set, ReadOnlySpan<byte> key)
    {
        if (_elements is not { } open || open.Type != type || open.Set != set || _buffer.Bytes.Length - open.List > MaxListBytes)
        {
            // What is under way ends as the next message begins.
            var adds = type == NFT_MSG_NEWSETELEM;
            var start = Begin(type, adds ? NLM_F_CREATE : (ushort)0, adds ? "add elements to" : "delete elements of", set);
            _buffer.Add(NFTA_SET_ELEM_LIST_SET, set);
            _elements = (start, _buffer.BeginNest(NFTA_SET_ELEM_LIST_ELEMENTS), type, set);
        }

        var element = _buffer.BeginNest(NFTA_LIST_ELEM);
        NftData.WriteValue(_buffer, NFTA_SET_ELEM_KEY, key);
        return element;
    }

    private void EndElements()
    {
        if (_elements is not { } open) return;
        _buffer.EndNest(open.List);
        _buffer.EndMessage(open.Message);
        _elements = null;
    }

    private int Begin(ushort type, ushort flags, string verb, string name)
    {
        EndElements();
        _what.Add((verb, name));
        _last = _buffer.BeginMessage((ushort)((NFNL_SUBSYS_NFTABLES << 8) | type), (ushort)(flags | NLM_F_REQUEST), (uint)_what.Count, NFPROTO_INET, 0);
        _buffer.Add(NFTA_TABLE, _table);
        return _last;
    }

    private void Frame(ushort type) => _buffer.EndMessage(_buffer.BeginMessage(type, NLM_F_REQUEST, 0, 0, NFNL_SUBSYS_NFTABLES));
}

using static Cluster.Dataplane.Linux.Nftables.Messages.NftAttribute;

namespace Cluster.Dataplane.Linux.Nftables.Messages;

/// <summary>An element of a set or, with data or a chain, of a map.</summary>
internal readonly record struct NftElement
{
    private const uint NFT_GOTO = unchecked((uint)-4);

    private readonly byte[] _key;
    private readonly byte[]? _data;
    private readonly string? _chain;

    private NftElement(byte[] key, byte[]? data, string? chain)
    {
        _key = key;
        _data = data;
        _chain = chain;
    }

    public static NftElement Of(byte[] key) => new(key, null, null);

    public static NftElement Value(byte[] key, byte[] data) => new(key, data, null);

    public static NftElement Goto(byte[] key, string chain) => new(key, null, chain);

    public void Write(NetlinkBuffer buffer)
    {
        var element = buffer.BeginNest(NFTA_LIST_ELEM);
        WriteValue(buffer, NFTA_SET_ELEM_KEY, _key);
        if (_data is not null) WriteValue(buffer, NFTA_SET_ELEM_DATA, _data);
        else if (_chain is not null) WriteVerdict(buffer, NFTA_SET_ELEM_DATA, NFT_GOTO, _chain);
        buffer.EndNest(element);
    }

    internal static void WriteValue(NetlinkBuffer buffer, ushort attribute, ReadOnlySpan<byte> value)
    {
        var data = buffer.BeginNest(attribute);
        buffer.Add(NFTA_DATA_VALUE, value);
        buffer.EndNest(data);
    }

    internal static void WriteGoto(NetlinkBuffer buffer, ushort attribute, string chain) => WriteVerdict(buffer, attribute, NFT_GOTO, chain);

    internal static void WriteVerdict(NetlinkBuffer buffer, ushort attribute, uint code, string? chain)
    {
        var data = buffer.BeginNest(attribute);
        var verdict = buffer.BeginNest(NFTA_DATA_VERDICT);
        buffer.Add(NFTA_VERDICT_CODE, code);
        if (chain is not null) buffer.Add(NFTA_VERDICT_CHAIN, chain);
        buffer.EndNest(verdict);
        buffer.EndNest(data);
    }
}

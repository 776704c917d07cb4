using static Cluster.Dataplane.Linux.Nftables.Messages.NftAttribute;

namespace Cluster.Dataplane.Linux.Nftables.Messages;

/// <summary>Values and verdicts, as elements of sets and expressions of rules hold them.</summary>
internal static class NftData
{
    public const uint NF_DROP = 0;
    private const uint NFT_GOTO = unchecked((uint)-4);

    public static void WriteValue(NetlinkBuffer buffer, ushort attribute, ReadOnlySpan<byte> value)
    {
        var data = buffer.BeginNest(attribute);
        buffer.Add(NFTA_DATA_VALUE, value);
        buffer.EndNest(data);
    }

    public static void WriteGoto(NetlinkBuffer buffer, ushort attribute, string chain) => WriteVerdict(buffer, attribute, NFT_GOTO, chain);

    public static void WriteVerdict(NetlinkBuffer buffer, ushort attribute, uint code, string? chain)
    {
        var data = buffer.BeginNest(attribute);
        var verdict = buffer.BeginNest(NFTA_DATA_VERDICT);
        buffer.Add(NFTA_VERDICT_CODE, code);
        if (chain is not null) buffer.Add(NFTA_VERDICT_CHAIN, chain);
        buffer.EndNest(verdict);
        buffer.EndNest(data);
    }
}

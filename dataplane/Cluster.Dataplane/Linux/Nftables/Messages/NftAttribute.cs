namespace Cluster.Dataplane.Linux.Nftables.Messages;

/// <summary>The numbers of nf_tables that are used (linux/netfilter/nf_tables.h, nfnetlink.h).</summary>
internal static class NftAttribute
{
    public const ushort NFNL_SUBSYS_NFTABLES = 10;
    public const ushort NFNL_MSG_BATCH_BEGIN = 16;
    public const ushort NFNL_MSG_BATCH_END = 17;
    public const byte NFPROTO_INET = 1;

    public const ushort NFT_MSG_NEWCHAIN = 3, NFT_MSG_GETCHAIN = 4, NFT_MSG_DELCHAIN = 5;
    public const ushort NFT_MSG_NEWRULE = 6, NFT_MSG_GETRULE = 7, NFT_MSG_DELRULE = 8;
    public const ushort NFT_MSG_NEWSET = 9, NFT_MSG_GETSET = 10;
    public const ushort NFT_MSG_NEWSETELEM = 12, NFT_MSG_DELSETELEM = 14;
    public const ushort NFT_MSG_GETOBJ = 19;

    // Of every object the table's name comes first.
    public const ushort NFTA_TABLE = 1;
    public const ushort NFTA_CHAIN_NAME = 3, NFTA_CHAIN_HOOK = 4;
    public const ushort NFTA_RULE_CHAIN = 2, NFTA_RULE_EXPRESSIONS = 4;
    public const ushort NFTA_SET_NAME = 2, NFTA_SET_FLAGS = 3, NFTA_SET_KEY_TYPE = 4, NFTA_SET_KEY_LEN = 5, NFTA_SET_DATA_TYPE = 6, NFTA_SET_DATA_LEN = 7;
    public const ushort NFTA_SET_DESC = 9, NFTA_SET_ID = 10, NFTA_SET_GC_INTERVAL = 12, NFTA_SET_DESC_SIZE = 1;
    public const uint NFT_SET_MAP = 8, NFT_SET_TIMEOUT = 0x10, NFT_SET_EVAL = 0x20;
    public const ushort NFTA_SET_ELEM_LIST_SET = 2, NFTA_SET_ELEM_LIST_ELEMENTS = 3;
    public const ushort NFTA_SET_ELEM_KEY = 1, NFTA_SET_ELEM_DATA = 2;
    public const ushort NFTA_LIST_ELEM = 1, NFTA_EXPR_NAME = 1, NFTA_EXPR_DATA = 2;
    public const ushort NFTA_DATA_VALUE = 1, NFTA_DATA_VERDICT = 2, NFTA_VERDICT_CODE = 1, NFTA_VERDICT_CHAIN = 2;

    public const ushort NFTA_OBJ_NAME = 2, NFTA_OBJ_TYPE = 3, NFTA_OBJ_DATA = 4, NFTA_COUNTER_PACKETS = 2;
    public const uint NFT_OBJECT_COUNTER = 1;

    // The types by which nft shows keys; those of a concatenation stand in six bits each.
    public const uint TYPE_IPADDR = 7, TYPE_IP6ADDR = 8, TYPE_INET_SERVICE = 13, TYPE_MARK = 19;
    public const int TYPE_BITS = 6;
}

using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using Cluster.Dataplane.Linux.Netlink;
using static Cluster.Dataplane.Linux.Nftables.Messages.NftAttribute;

namespace Cluster.Dataplane.Linux.Nftables.Messages;

/// <summary>What is said to nf_tables, and what it answers.</summary>
internal static class NftSocket
{
    public const int NETLINK_NETFILTER = 12;
    private const int HeaderBytes = 16;
    private const int GenericBytes = 4;
    private const ushort NLMSG_ERROR = 2;
    private const ushort NLMSG_DONE = 3;
    private const ushort NLM_F_REQUEST = 0x1;
    private const ushort NLM_F_DUMP = 0x300;
    private const ushort NLA_TYPE_MASK = 0x3fff;

    /// <summary>Names of all chains of a table that are no hooks, and of all its sets that have a name; both empty where there is no table.</summary>
    /// <exception cref="NftException">Not permitted, or no nf_tables here.</exception>
    public static (List<string> Chains, List<string> Sets) Contents(string table) => (
        Names(NFT_MSG_GETCHAIN, table, NFTA_CHAIN_NAME, NFTA_CHAIN_HOOK),
        Names(NFT_MSG_GETSET, table, NFTA_SET_NAME, without: 0).FindAll(name => !name.StartsWith("__", StringComparison.Ordinal)));

    /// <summary>Sends a batch and waits for the acknowledgement of its last message.</summary>
    /// <exception cref="NftException">The kernel refused a message, and with it all.</exception>
    public static void Commit(NetlinkSocket socket, ReadOnlySpan<byte> batch, uint last, Func<uint, string> what)
    {
        try
        {
            socket.SetSendBuffer(batch.Length);
            socket.Send(batch);
            var buffer = new byte[64 * 1024];
            while (true)
            {
                var rest = buffer.AsSpan(0, socket.Receive(buffer));
                while (Next(ref rest, out var type, out var sequence, out var message))
                {
                    if (type != NLMSG_ERROR) continue;
                    var error = -MemoryMarshal.Read<int>(message);
                    if (error != 0) throw Refused($"{(sequence == 0 ? "begin" : what(sequence))}", error);
                    if (sequence == last) return;
                }
            }
        }
        catch (Win32Exception exception)
        {
            throw new NftException($"nf_tables: {exception.Message}") { Refused = true };
        }
    }

    private static List<string> Names(ushort request, string table, ushort name, ushort without)
    {
        try
        {
            using var socket = new NetlinkSocket(NETLINK_NETFILTER);
            var asked = new NetlinkBuffer();
            asked.EndMessage(asked.BeginMessage((ushort)((NFNL_SUBSYS_NFTABLES << 8) | request), NLM_F_REQUEST | NLM_F_DUMP, 1, NFPROTO_INET, 0));
            socket.Send(asked.Bytes);
            var found = new List<string>();
            var buffer = new byte[128 * 1024];
            while (true)
            {
                var rest = buffer.AsSpan(0, socket.Receive(buffer));
                while (Next(ref rest, out var type, out _, out var message))
                {
                    if (type == NLMSG_DONE) return found;
                    if (type == NLMSG_ERROR) throw Refused("list a table", -MemoryMarshal.Read<int>(message));
                    var attributes = message[GenericBytes..];
                    if (Text(Attribute(attributes, NFTA_TABLE)) != table) continue;
                    if (without == 0 || Attribute(attributes, without).IsEmpty) found.Add(Text(Attribute(attributes, name)));
                }
            }
        }
        catch (Win32Exception exception)
        {
            throw new NftException($"nf_tables: {exception.Message}") { Refused = true };
        }
    }

    private static bool Next(ref Span<byte> rest, out ushort type, out uint sequence, out ReadOnlySpan<byte> message)
    {
        type = 0;
        sequence = 0;
        message = default;
        if (rest.Length < HeaderBytes) return false;
        var length = Math.Clamp(MemoryMarshal.Read<int>(rest), HeaderBytes, rest.Length);
        type = MemoryMarshal.Read<ushort>(rest[4..]);
        sequence = MemoryMarshal.Read<uint>(rest[8..]);
        message = rest[HeaderBytes..length];
        rest = rest[Math.Min((length + 3) & ~3, rest.Length)..];
        return true;
    }

    private static ReadOnlySpan<byte> Attribute(ReadOnlySpan<byte> attributes, ushort wanted)
    {
        while (attributes.Length >= 4)
        {
            var length = Math.Clamp(MemoryMarshal.Read<ushort>(attributes), (ushort)4, (ushort)Math.Min(attributes.Length, ushort.MaxValue));
            if ((MemoryMarshal.Read<ushort>(attributes[2..]) & NLA_TYPE_MASK) == wanted) return attributes[4..length];
            attributes = attributes[Math.Min((length + 3) & ~3, attributes.Length)..];
        }

        return [];
    }

    private static string Text(ReadOnlySpan<byte> attribute) => Encoding.ASCII.GetString(attribute.TrimEnd((byte)0));

    private static NftException Refused(string what, int error) =>
        new($"nf_tables refused to {what}: {Marshal.GetPInvokeErrorMessage(error)}") { Refused = true };
}

using System.Buffers.Binary;
using System.ComponentModel;
using System.Runtime.InteropServices;
using System.Text;
using Cluster.Dataplane.Linux.Netlink;
using static Cluster.Dataplane.Linux.Nftables.Messages.NftAttribute;

namespace Cluster.Dataplane.Linux.Nftables.Messages;

/// <summary>What is said to nf_tables, and what it answers. One caller at a time.</summary>
/// <remarks>
/// One netlink socket for all: at the end of each the kernel waits until nothing of what was removed before is in use any more, which takes it
/// some milliseconds, and holds up transactions meanwhile.
/// </remarks>
internal sealed class NftSocket : IDisposable
{
    private const int GenericBytes = 4;
    private const ushort NLM_F_REQUEST = 0x1;
    private const ushort NLM_F_ACK = 0x4;
    private const ushort NLM_F_DUMP = 0x300;

    /// <summary>So often a list is asked for again that changed meanwhile: by others' tables too, which may change all the time.</summary>
    private const int Tries = 10;

    private readonly byte[] _received = new byte[64 * 1024];
    private NetlinkSocket? _socket;

    /// <summary>Names of all chains of a table that are no hooks; none where there is no table.</summary>
    /// <exception cref="NftException">Not permitted, or no nf_tables here.</exception>
    public List<string> Chains(string table) => Names(table, NFT_MSG_GETCHAIN, NFTA_CHAIN_NAME, without: NFTA_CHAIN_HOOK);

    /// <summary>Names of all sets and maps of a table.</summary>
    /// <exception cref="NftException">Not permitted, or no nf_tables here.</exception>
    public List<string> Sets(string table) => Names(table, NFT_MSG_GETSET, NFTA_SET_NAME, without: null);

    /// <summary>How many rules a chain has; none where there is no such chain.</summary>
    /// <exception cref="NftException">Not permitted, or no nf_tables here.</exception>
    public int Rules(string table, string chain)
    {
        var count = 0;
        List(NFT_MSG_GETRULE, asked =>
        {
            asked.Add(NFTA_TABLE, table);
            asked.Add(NFTA_RULE_CHAIN, chain);
        }, () => count = 0, attributes =>
        {
            if (Text(attributes, NFTA_TABLE) == table && Text(attributes, NFTA_RULE_CHAIN) == chain) count++;
        });
        return count;
    }

    /// <summary>Whether there is such a table with such a set.</summary>
    /// <exception cref="NftException">Not permitted, or no nf_tables here.</exception>
    public bool HasSet(string table, string set)
    {
        using var asked = new NetlinkBuffer();
        var start = Begin(asked, NFT_MSG_GETSET, NLM_F_ACK);
        asked.Add(NFTA_TABLE, table);
        asked.Add(NFTA_SET_NAME, set);
        asked.EndMessage(start);
        var has = false;
        Talk(asked.Bytes, (type, _, message) =>
        {
            // The set comes first, and then the acknowledgement.
            if (type != NetlinkMessages.NLMSG_ERROR) return false;
            has = NetlinkMessages.Error(message) switch { 0 => true, Errno.ENOENT => false, var error => throw Refused("look for a set", error) };
            return true;
        });
        return has;
    }

    /// <summary>The packets that a table's counter of a name has counted; null where there is no such counter.</summary>
    /// <exception cref="NftException">Not permitted, or no nf_tables here.</exception>
    public long? Counted(string table, string counter)
    {
        using var asked = new NetlinkBuffer();
        var start = Begin(asked, NFT_MSG_GETOBJ, NLM_F_ACK);
        asked.Add(NFTA_TABLE, table);
        asked.Add(NFTA_OBJ_NAME, counter);
        asked.Add(NFTA_OBJ_TYPE, NFT_OBJECT_COUNTER);
        asked.EndMessage(start);
        long? counted = null;
        Talk(asked.Bytes, (type, _, message) =>
        {
            if (type != NetlinkMessages.NLMSG_ERROR)
            {
                var packets = NetlinkMessages.Attribute(NetlinkMessages.Attribute(message[GenericBytes..], NFTA_OBJ_DATA), NFTA_COUNTER_PACKETS);
                if (packets.Length == sizeof(long)) counted = BinaryPrimitives.ReadInt64BigEndian(packets);
                return false;
            }

            if (NetlinkMessages.Error(message) is var error and not (0 or Errno.ENOENT)) throw Refused("read a counter", error);
            return true;
        });
        return counted;
    }

    /// <summary>Carries a batch out.</summary>
    /// <exception cref="NftException">The kernel refused a message, and with it all: nothing was done.</exception>
    public void Commit(NftBatch batch)
    {
        if (batch.IsEmpty) return;
        Talk(batch.Finish(), (type, number, message) =>
        {
            if (type != NetlinkMessages.NLMSG_ERROR) return false;
            if (NetlinkMessages.Error(message) is var error and not 0) throw Refused(batch.Describe(number), error);
            return number == batch.Last;
        });
    }

    public void Dispose()
    {
        _socket?.Dispose();
        _socket = null;
    }

    private List<string> Names(string table, ushort request, ushort name, ushort? without)
    {
        var found = new HashSet<string>();
        List(request, _ => { }, found.Clear, attributes =>
        {
            if (Text(attributes, NFTA_TABLE) == table && (without is not { } absent || NetlinkMessages.Attribute(attributes, absent).IsEmpty)) found.Add(Text(attributes, name));
        });
        return [.. found];
    }

    // Begins again where what is listed has changed meanwhile: something of it may be missing, or be there twice.
    private void List(ushort request, Action<NetlinkBuffer> ask, Action begin, Item item)
    {
        for (var tries = 1; ; tries++)
        {
            begin();
            if (TryList(request, ask, item)) return;
            if (tries == Tries) throw new NftException("nf_tables: the table changes faster than it can be listed") { Refused = true };
        }
    }

    private bool TryList(ushort request, Action<NetlinkBuffer> ask, Item item)
    {
        using var asked = new NetlinkBuffer();
        var start = Begin(asked, request, NLM_F_DUMP);
        ask(asked);
        asked.EndMessage(start);
        return Talk(asked.Bytes, (type, _, message) =>
        {
            if (type == NetlinkMessages.NLMSG_DONE) return true;
            if (type == NetlinkMessages.NLMSG_ERROR) throw Refused("list a table", NetlinkMessages.Error(message));
            item(message[GenericBytes..]);
            return false;
        });
    }

    private delegate void Item(ReadOnlySpan<byte> attributes);

    /// <returns>True for the last message there is.</returns>
    private delegate bool Answer(ushort type, uint number, ReadOnlySpan<byte> message);

    /// <returns>False where the answer is a list, and what it lists has changed meanwhile.</returns>
    private bool Talk(ReadOnlySpan<byte> request, Answer answer)
    {
        var isWhole = true;
        try
        {
            var socket = _socket ??= new NetlinkSocket(NetlinkSocket.NETLINK_NETFILTER);
            socket.SetSendBuffer(request.Length);
            socket.Send(request);
            while (true)
            {
                ReadOnlySpan<byte> rest = _received.AsSpan(0, socket.Receive(_received));
                while (true)
                {
                    isWhole &= !NetlinkMessages.IsInterrupted(rest);
                    if (!NetlinkMessages.Next(ref rest, out var type, out var number, out var message)) break;
                    if (answer(type, number, message)) return isWhole;
                }
            }
        }
        catch (Exception exception) when (exception is Win32Exception or NftException)
        {
            // What else it had to say is not for the next one to hear.
            Dispose();
            if (exception is NftException) throw;
            throw new NftException($"nf_tables: {exception.Message}") { Refused = true };
        }
    }

    private static int Begin(NetlinkBuffer asked, ushort request, ushort flags) =>
        asked.BeginMessage((ushort)((NFNL_SUBSYS_NFTABLES << 8) | request), (ushort)(NLM_F_REQUEST | flags), 1, NFPROTO_INET, 0);

    private static string Text(ReadOnlySpan<byte> attributes, ushort attribute) => Encoding.ASCII.GetString(NetlinkMessages.Attribute(attributes, attribute).TrimEnd((byte)0));

    private static NftException Refused(string what, int error) =>
        new($"nf_tables refused to {what}: {Marshal.GetPInvokeErrorMessage(error)}") { Refused = true };
}

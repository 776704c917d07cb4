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
    private const int ENOENT = 2;

    private readonly byte[] _received = new byte[64 * 1024];
    private NetlinkSocket? _socket;

    /// <summary>Names of all chains of a table that are no hooks; none where there is no table.</summary>
    /// <exception cref="NftException">Not permitted, or no nf_tables here.</exception>
    public List<string> Chains(string table) => Names(table, NFT_MSG_GETCHAIN, NFTA_CHAIN_NAME, without: NFTA_CHAIN_HOOK);

    /// <summary>Names of all sets and maps of a table.</summary>
    /// <exception cref="NftException">Not permitted, or no nf_tables here.</exception>
    public List<string> Sets(string table) => Names(table, NFT_MSG_GETSET, NFTA_SET_NAME, without: null);

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
            has = NetlinkMessages.Error(message) switch { 0 => true, ENOENT => false, var error => throw Refused("look for a set", error) };
            return true;
        });
        return has;
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
        using var asked = new NetlinkBuffer();
        asked.EndMessage(Begin(asked, request, NLM_F_DUMP));
        var found = new List<string>();
        Talk(asked.Bytes, (type, _, message) =>
        {
            if (type == NetlinkMessages.NLMSG_DONE) return true;
            if (type == NetlinkMessages.NLMSG_ERROR) throw Refused("list a table", NetlinkMessages.Error(message));
            var attributes = message[GenericBytes..];
            if (Text(attributes, NFTA_TABLE) == table && (without is not { } absent || NetlinkMessages.Attribute(attributes, absent).IsEmpty)) found.Add(Text(attributes, name));
            return false;
        });
        return found;
    }

    /// <returns>True for the last message there is.</returns>
    private delegate bool Answer(ushort type, uint number, ReadOnlySpan<byte> message);

    private void Talk(ReadOnlySpan<byte> request, Answer answer)
    {
        try
        {
            var socket = _socket ??= new NetlinkSocket(NetlinkSocket.NETLINK_NETFILTER);
            socket.SetSendBuffer(request.Length);
            socket.Send(request);
            while (true)
            {
                ReadOnlySpan<byte> rest = _received.AsSpan(0, socket.Receive(_received));
                while (NetlinkMessages.Next(ref rest, out var type, out var number, out var message))
                    if (answer(type, number, message)) return;
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

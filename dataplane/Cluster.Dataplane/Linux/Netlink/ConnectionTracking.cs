using System.Buffers.Binary;
using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Cluster.Dataplane.Linux.Nftables.Messages;

namespace Cluster.Dataplane.Linux.Netlink;

/// <summary>What the kernel tracks of flows in the network namespace of the thread that makes it (linux/netfilter/nfnetlink_conntrack.h). One caller at a time.</summary>
internal sealed class ConnectionTracking : IDisposable
{
    private const ushort NFNL_SUBSYS_CTNETLINK = 1;
    private const ushort IPCTNL_MSG_CT_GET = 1, IPCTNL_MSG_CT_DELETE = 2;
    private const ushort NLM_F_REQUEST = 0x1, NLM_F_ACK = 0x4, NLM_F_DUMP = 0x300;
    private const ushort CTA_TUPLE_ORIG = 1, CTA_TUPLE_REPLY = 2, CTA_ID = 12, CTA_ZONE = 18;
    private const ushort CTA_TUPLE_IP = 1, CTA_TUPLE_PROTO = 2;
    private const ushort CTA_IP_V4_SRC = 1, CTA_IP_V4_DST = 2, CTA_IP_V6_SRC = 3, CTA_IP_V6_DST = 4;
    private const ushort CTA_PROTO_NUM = 1, CTA_PROTO_SRC_PORT = 2, CTA_PROTO_DST_PORT = 3;
    private const int GenericBytes = 4;
    private const byte Udp = 17;

    private readonly NetlinkSocket _socket = new(NetlinkSocket.NETLINK_NETFILTER);
    private readonly byte[] _received = new byte[64 * 1024];

    /// <summary>Has the kernel forget UDP flows: the next datagram of such a client is looked at as its first.</summary>
    /// <returns>How many were forgotten.</returns>
    /// <exception cref="Win32Exception">Not permitted, or the kernel can't (CONFIG_NF_CT_NETLINK); this object is of no more use.</exception>
    public int DeleteUdp(AddressFamily family, Predicate<TrackedFlow> chosen)
    {
        var deleted = 0;
        foreach (var request in Find(family, chosen))
            if (Delete(request)) deleted++;
        return deleted;
    }

    public void Dispose() => _socket.Dispose();

    // Each found flow becomes the request that deletes it.
    private List<byte[]> Find(AddressFamily family, Predicate<TrackedFlow> chosen)
    {
        var found = new List<byte[]>();
        using var request = new NetlinkBuffer();
        request.EndMessage(Begin(request, IPCTNL_MSG_CT_GET, NLM_F_DUMP, family));
        _socket.Send(request.Bytes);
        while (true)
        {
            ReadOnlySpan<byte> rest = _received.AsSpan(0, _socket.Receive(_received));
            while (NetlinkMessages.Next(ref rest, out var type, out _, out var message))
            {
                if (type == NetlinkMessages.NLMSG_DONE) return found;
                if (type == NetlinkMessages.NLMSG_ERROR) throw Refused("list flows", NetlinkMessages.Error(message));
                if (message.Length > GenericBytes && TryRead(message[GenericBytes..], family, out var flow) && chosen(flow)) found.Add(DeleteRequest(message[GenericBytes..], family));
            }
        }
    }

    private static bool TryRead(ReadOnlySpan<byte> attributes, AddressFamily family, out TrackedFlow flow)
    {
        var original = NetlinkMessages.Attribute(attributes, CTA_TUPLE_ORIG);
        var reply = NetlinkMessages.Attribute(attributes, CTA_TUPLE_REPLY);
        flow = default;
        if (NetlinkMessages.Attribute(NetlinkMessages.Attribute(original, CTA_TUPLE_PROTO), CTA_PROTO_NUM) is not [Udp, ..]) return false;
        var v6 = family == AddressFamily.InterNetworkV6;
        var destination = End(original, v6 ? CTA_IP_V6_DST : CTA_IP_V4_DST, CTA_PROTO_DST_PORT);
        var answerer = End(reply, v6 ? CTA_IP_V6_SRC : CTA_IP_V4_SRC, CTA_PROTO_SRC_PORT);
        if (destination is null || answerer is null) return false;
        flow = new TrackedFlow(destination, answerer);
        return true;
    }

    private static IPEndPoint? End(ReadOnlySpan<byte> tuple, ushort address, ushort port)
    {
        var bytes = NetlinkMessages.Attribute(NetlinkMessages.Attribute(tuple, CTA_TUPLE_IP), address);
        var number = NetlinkMessages.Attribute(NetlinkMessages.Attribute(tuple, CTA_TUPLE_PROTO), port);
        return bytes.Length is 4 or 16 && number.Length >= 2 ? new IPEndPoint(new IPAddress(bytes), BinaryPrimitives.ReadUInt16BigEndian(number)) : null;
    }

    // By its id too: another flow of the same ends, begun meanwhile, is left alone.
    private static byte[] DeleteRequest(ReadOnlySpan<byte> attributes, AddressFamily family)
    {
        using var request = new NetlinkBuffer();
        var start = Begin(request, IPCTNL_MSG_CT_DELETE, NLM_F_ACK, family);
        var tuple = request.BeginNest(CTA_TUPLE_ORIG);
        request.Append(NetlinkMessages.Attribute(attributes, CTA_TUPLE_ORIG));
        request.EndNest(tuple);
        foreach (var same in (ReadOnlySpan<ushort>)[CTA_ID, CTA_ZONE])
            if (NetlinkMessages.Attribute(attributes, same) is { IsEmpty: false } value) request.Add(same, value);
        request.EndMessage(start);
        return request.Bytes.ToArray();
    }

    private bool Delete(byte[] request)
    {
        _socket.Send(request);
        ReadOnlySpan<byte> rest = _received.AsSpan(0, _socket.Receive(_received));
        if (!NetlinkMessages.Next(ref rest, out _, out _, out var message)) throw new InvalidDataException("netlink gave no acknowledgement");
        return NetlinkMessages.Error(message) switch
        {
            0 => true,
            // It ended by itself.
            Errno.ENOENT => false,
            var error => throw Refused("delete a flow", error),
        };
    }

    private static int Begin(NetlinkBuffer request, ushort type, ushort flags, AddressFamily family) => request.BeginMessage(
        (ushort)((NFNL_SUBSYS_CTNETLINK << 8) | type), (ushort)(flags | NLM_F_REQUEST), 1, family == AddressFamily.InterNetworkV6 ? (byte)10 : (byte)2, 0);

    private static Win32Exception Refused(string what, int error) => new(error, $"Cannot {what}: {Marshal.GetPInvokeErrorMessage(error)}");
}

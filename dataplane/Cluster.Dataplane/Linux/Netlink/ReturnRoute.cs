using System.ComponentModel;
using System.Net;
using System.Net.Sockets;

namespace Cluster.Dataplane.Linux.Netlink;

/// <summary>
/// Brings packets with a mark to this node whatever their destination: a rule by the mark, and a table in which everything is local. For what
/// backends answer to clients in whose names sockets of ours speak.
/// </summary>
/// <param name="mark">One bit, which nftables sets on such packets.</param>
/// <param name="table">A routing table of ours.</param>
/// <param name="protocol">The routing protocol number of our routes.</param>
internal sealed class ReturnRoute(uint mark, byte table, byte protocol)
{
    /// <summary>Before the rule of the main table, 32766, and those people make, which begin near it.</summary>
    private const int Priority = 1070;

    private const int LoopbackIndex = 1;

    private static readonly AddressFamily[] Families = [AddressFamily.InterNetwork, AddressFamily.InterNetworkV6];

    /// <summary>Makes route and rule of both families, those that are there already stay.</summary>
    /// <exception cref="Win32Exception">The kernel refused.</exception>
    public void Set()
    {
        foreach (var family in Families)
        {
            // The route first: a rule to an empty table would let the packets go on to the next one.
            Change(family, RouteMessage.RTM_NEWROUTE, isRule: false, Errno.EEXIST);
            Change(family, RouteMessage.RTM_NEWRULE, isRule: true, Errno.EEXIST);
        }
    }

    /// <summary>Removes them where they are.</summary>
    /// <exception cref="Win32Exception">The kernel refused.</exception>
    public void Remove()
    {
        foreach (var family in Families)
        {
            Change(family, RouteMessage.RTM_DELRULE, isRule: true, Errno.ENOENT);
            Change(family, RouteMessage.RTM_DELROUTE, isRule: false, Errno.ESRCH);
        }
    }

    private void Change(AddressFamily family, ushort type, bool isRule, int already)
    {
        var isNew = type is RouteMessage.RTM_NEWROUTE or RouteMessage.RTM_NEWRULE;
        var flags = isNew ? RouteMessage.NLM_F_ACK | RouteMessage.NLM_F_CREATE | RouteMessage.NLM_F_EXCL : RouteMessage.NLM_F_ACK;
        var message = new RouteMessage(stackalloc byte[128], type, (ushort)flags);
        if (isRule)
        {
            message.SetRule(family, table);
            message.Add(RouteMessage.FRA_PRIORITY, Priority);
            message.Add(RouteMessage.FRA_FWMARK, (int)mark);
            message.Add(RouteMessage.FRA_FWMASK, (int)mark);
        }
        else
        {
            message.SetLocalRoute(family, 0, protocol, table);
            message.Add(RouteMessage.RTA_OIF, LoopbackIndex);
        }

        var error = NetlinkSocket.Request(message.Finish());
        // A host without IPv6 has no such packets either.
        if (error == 0 || error == already || (family == AddressFamily.InterNetworkV6 && error is Errno.EAFNOSUPPORT or Errno.EOPNOTSUPP or Errno.EACCES)) return;
        throw new Win32Exception(error, $"Cannot {(isNew ? "make" : "remove")} the {(isRule ? "rule" : "route")} of mark 0x{mark:x}");
    }
}

using System.ComponentModel;
using System.Net;
using System.Net.Sockets;

namespace Cluster.Dataplane.Linux.Netlink;

/// <summary>
/// Routes in the kernel's table local on the loopback device: every address of a prefix becomes this node's own, so sockets bind to it
/// and clients reach it without any translation (AnyIP). Ours carry a routing protocol number of their own, by which they are found again.
/// </summary>
internal sealed class LocalRoutes(byte protocol)
{
    private const int LoopbackIndex = 1;

    /// <param name="prefix">What becomes local.</param>
    /// <param name="source">
    /// The address this node's own clients speak from; without it the kernel would let them speak from the very address they connect to.
    /// </param>
    public void Set(IPNetwork prefix, IPAddress? source)
    {
        var message = new RouteMessage(
            stackalloc byte[128], RouteMessage.RTM_NEWROUTE, RouteMessage.NLM_F_ACK | RouteMessage.NLM_F_CREATE | RouteMessage.NLM_F_REPLACE);
        message.SetLocalRoute(prefix.BaseAddress.AddressFamily, prefix.PrefixLength, protocol);
        message.Add(RouteMessage.RTA_DST, prefix.BaseAddress);
        message.Add(RouteMessage.RTA_OIF, LoopbackIndex);
        if (source is not null) message.Add(RouteMessage.RTA_PREFSRC, source);
        var error = NetlinkSocket.Request(message.Finish());
        if (error != 0) throw new Win32Exception(error, $"Cannot route {prefix} to this node");
    }

    /// <summary>Removes the route if it is there.</summary>
    public void Remove(IPNetwork prefix)
    {
        var message = new RouteMessage(stackalloc byte[128], RouteMessage.RTM_DELROUTE, RouteMessage.NLM_F_ACK);
        message.SetLocalRoute(prefix.BaseAddress.AddressFamily, prefix.PrefixLength, protocol);
        message.Add(RouteMessage.RTA_DST, prefix.BaseAddress);
        message.Add(RouteMessage.RTA_OIF, LoopbackIndex);
        var error = NetlinkSocket.Request(message.Finish());
        if (error is not (0 or Errno.ESRCH)) throw new Win32Exception(error, $"Cannot remove the route of {prefix}");
    }

    /// <summary>Our routes, those a process before us left behind included.</summary>
    public IReadOnlyList<IPNetwork> List() => [.. List(AddressFamily.InterNetwork), .. List(AddressFamily.InterNetworkV6)];

    private List<IPNetwork> List(AddressFamily family)
    {
        using var socket = new NetlinkSocket();
        var message = new RouteMessage(stackalloc byte[128], RouteMessage.RTM_GETROUTE, RouteMessage.NLM_F_DUMP);
        message.SetFamily(family);
        socket.Send(message.Finish());

        var found = new List<IPNetwork>();
        var buffer = new byte[64 * 1024];
        while (true)
        {
            ReadOnlySpan<byte> rest = buffer.AsSpan(0, socket.Receive(buffer));
            while (NetlinkMessages.Next(ref rest, out var type, out _, out var route))
            {
                if (type == NetlinkMessages.NLMSG_DONE) return found;
                if (type == NetlinkMessages.NLMSG_ERROR) throw new Win32Exception(NetlinkMessages.Error(route), "Cannot list this node's routes");
                if (type == RouteMessage.RTM_NEWROUTE && Parse(route, family) is { } prefix) found.Add(prefix);
            }
        }
    }

    private IPNetwork? Parse(ReadOnlySpan<byte> route, AddressFamily family)
    {
        if (route.Length < RouteMessage.RouteBytes || route[4] != RouteMessage.RT_TABLE_LOCAL || route[5] != protocol) return null;
        var address = NetlinkMessages.Attribute(route[RouteMessage.RouteBytes..], RouteMessage.RTA_DST);
        return address.Length == (family == AddressFamily.InterNetwork ? 4 : 16) ? new IPNetwork(new IPAddress(address), route[1]) : null;
    }
}

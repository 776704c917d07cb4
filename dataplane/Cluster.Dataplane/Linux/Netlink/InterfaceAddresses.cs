using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Cluster.Dataplane.Addresses;

namespace Cluster.Dataplane.Linux.Netlink;

/// <summary>
/// Asks the kernel for the addresses of all interfaces of the calling thread's network namespace (rtnetlink, RTM_GETADDR). The runtime's own
/// list reads the files of routes anew for each interface: half a megabyte of garbage and some ten milliseconds with five of them, more
/// with each container.
/// </summary>
internal static class InterfaceAddresses
{
    private const ushort RTM_NEWADDR = 20;
    private const ushort RTM_GETADDR = 22;

    private const ushort IFA_ADDRESS = 1;
    private const ushort IFA_LOCAL = 2;

    /// <summary>struct ifaddrmsg</summary>
    private const int AddressMessageBytes = 8;

    private const int BufferBytes = 16 * 1024;

    /// <summary>So often the list is asked for again where it changed meanwhile; then it has to do as it is, and a notification follows.</summary>
    private const int Tries = 5;

    /// <exception cref="Win32Exception">The kernel does not tell.</exception>
    public static List<InterfaceAddress> List()
    {
        using var socket = new NetlinkSocket();
        var buffer = new byte[BufferBytes];
        var found = new List<InterfaceAddress>();
        for (var tries = 1; !TryList(socket, buffer, found) && tries < Tries; tries++) found.Clear();
        return found;
    }

    // False where the list may be of two minds.
    private static bool TryList(NetlinkSocket socket, byte[] buffer, List<InterfaceAddress> found)
    {
        var request = new RouteMessage(stackalloc byte[RouteMessage.HeaderBytes + RouteMessage.RouteBytes], RTM_GETADDR, RouteMessage.NLM_F_DUMP);
        socket.Send(request.Finish());
        var isWhole = true;
        while (true)
        {
            ReadOnlySpan<byte> rest = buffer.AsSpan(0, socket.Receive(buffer));
            while (true)
            {
                isWhole &= !NetlinkMessages.IsInterrupted(rest);
                if (!NetlinkMessages.Next(ref rest, out var type, out _, out var message)) break;
                if (type == NetlinkMessages.NLMSG_DONE) return isWhole;
                if (type == NetlinkMessages.NLMSG_ERROR) throw new Win32Exception(NetlinkMessages.Error(message), "Cannot list this node's addresses");
                if (type == RTM_NEWADDR && Parse(message) is { } address) found.Add(address);
            }
        }
    }

    private static InterfaceAddress? Parse(ReadOnlySpan<byte> message)
    {
        if (message.Length < AddressMessageBytes) return null;
        var attributes = message[AddressMessageBytes..];
        // Where an interface leads to one peer alone, the other attribute is that one's address.
        var bytes = NetlinkMessages.Attribute(attributes, IFA_LOCAL);
        if (bytes.IsEmpty) bytes = NetlinkMessages.Attribute(attributes, IFA_ADDRESS);
        return bytes.Length is 4 or 16 ? new InterfaceAddress(new IPAddress(bytes), message[1], MemoryMarshal.Read<int>(message[4..])) : null;
    }
}

using System.ComponentModel;
using System.Runtime.InteropServices;
using Cluster.Dataplane.Linux.Bpf;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Linux.Netlink;

/// <summary>Finds and closes other processes' sockets, in the network namespace of the calling thread (linux/sock_diag.h, linux/inet_diag.h).</summary>
internal static class SocketDiagnostics
{
    private const int HeaderBytes = 16;
    private const int RequestBytes = 56;
    private const int MessageBytes = 72;
    private const int IdentityOffset = 4;
    private const int RequestIdentityOffset = 8;
    private const int IdentityBytes = 48;
    private const int CookieOffset = IdentityOffset + 40;
    private const ushort SOCK_DIAG_BY_FAMILY = 20;
    private const ushort SOCK_DESTROY = 21;
    private const ushort NLM_F_REQUEST = 0x1;
    private const ushort NLM_F_ACK = 0x4;
    private const ushort NLM_F_DUMP = 0x300;
    private const ushort INET_DIAG_REQ_SK_BPF_STORAGES = 2;
    private const ushort SK_DIAG_BPF_STORAGE_REQ_MAP_FD = 1;
    private const ushort INET_DIAG_SK_BPF_STORAGES = 20;
    private const ushort SK_DIAG_BPF_STORAGE = 1;
    private const ushort SK_DIAG_BPF_STORAGE_MAP_VALUE = 3;
    private const byte AF_INET = 2;
    private const byte AF_INET6 = 10;

    // Bits of TCP states; a connected UDP socket is "established" too. Connections that only wait for their end are left to it.
    private const uint Established = 1 << 1;
    private const uint ConnectedStates = Established | (1 << 2) | (1 << 3) | (1 << 4) | (1 << 5) | (1 << 8);

    /// <summary>Closes connected UDP sockets that are chosen by their cookie: their owners get ECONNABORTED.</summary>
    /// <returns>How many were closed.</returns>
    /// <exception cref="Win32Exception">Not permitted, or the kernel can't (CONFIG_INET_DIAG_DESTROY).</exception>
    public static int DestroyUdp(Predicate<ulong> chosen) =>
        Destroy(ServiceProtocol.Udp, [], message => chosen(MemoryMarshal.Read<ulong>(message[CookieOffset..])));

    /// <summary>Closes TCP connections whose value in a socket storage map is chosen: owner and peer get a reset.</summary>
    /// <returns>How many were closed.</returns>
    /// <exception cref="Win32Exception">Not permitted, or the kernel can't (CONFIG_INET_DIAG_DESTROY).</exception>
    public static int DestroyTcp<T>(BpfMap<int, T> storage, Predicate<T> chosen)
        where T : unmanaged =>
        Destroy(ServiceProtocol.Tcp, StorageAttribute(storage), message => TryReadStorage<T>(message, out var value) && chosen(value));

    private delegate bool Choice(ReadOnlySpan<byte> message);

    private static int Destroy(ServiceProtocol protocol, ReadOnlySpan<byte> attributes, Choice chosen)
    {
        var found = new List<byte[]>();
        foreach (var family in (ReadOnlySpan<byte>)[AF_INET, AF_INET6]) Find(family, protocol, attributes, chosen, found);
        var closed = 0;
        foreach (var request in found)
            if (Destroy(request)) closed++;
        return closed;
    }

    // Each found socket becomes the request that destroys it.
    private static void Find(byte family, ServiceProtocol protocol, ReadOnlySpan<byte> attributes, Choice chosen, List<byte[]> found)
    {
        using var socket = new NetlinkSocket(NetlinkSocket.NETLINK_SOCK_DIAG);
        socket.Send(DumpRequest(family, protocol, attributes));
        var buffer = new byte[128 * 1024];
        while (true)
        {
            ReadOnlySpan<byte> rest = buffer.AsSpan(0, socket.Receive(buffer));
            while (NetlinkMessages.Next(ref rest, out var type, out _, out var message))
            {
                if (type == NetlinkMessages.NLMSG_DONE) return;
                if (type == NetlinkMessages.NLMSG_ERROR) throw new Win32Exception(NetlinkMessages.Error(message), "Cannot list sockets");
                if (message.Length >= MessageBytes && chosen(message)) found.Add(DestroyRequest(family, protocol, message));
            }
        }
    }

    private static byte[] DumpRequest(byte family, ServiceProtocol protocol, ReadOnlySpan<byte> attributes)
    {
        var request = new byte[HeaderBytes + RequestBytes + attributes.Length];
        WriteHeader(request, SOCK_DIAG_BY_FAMILY, NLM_F_DUMP);
        WriteRequest(request.AsSpan(HeaderBytes), family, protocol);
        attributes.CopyTo(request.AsSpan(HeaderBytes + RequestBytes));
        return request;
    }

    // Asks for a map's value of each socket: an attribute, and in it another with the map. The kernel gives it for TCP alone.
    private static byte[] StorageAttribute(BpfMap storage)
    {
        var attribute = new byte[12];
        MemoryMarshal.Write(attribute, (ushort)12);
        MemoryMarshal.Write(attribute.AsSpan(2), INET_DIAG_REQ_SK_BPF_STORAGES);
        MemoryMarshal.Write(attribute.AsSpan(4), (ushort)8);
        MemoryMarshal.Write(attribute.AsSpan(6), SK_DIAG_BPF_STORAGE_REQ_MAP_FD);
        MemoryMarshal.Write(attribute.AsSpan(8), storage.Descriptor);
        return attribute;
    }

    private static byte[] DestroyRequest(byte family, ServiceProtocol protocol, ReadOnlySpan<byte> message)
    {
        var request = new byte[HeaderBytes + RequestBytes];
        WriteHeader(request, SOCK_DESTROY, NLM_F_ACK);
        WriteRequest(request.AsSpan(HeaderBytes), family, protocol);
        // Addresses, ports and the cookie, which keeps another socket in the same place safe.
        message.Slice(IdentityOffset, IdentityBytes).CopyTo(request.AsSpan(HeaderBytes + RequestIdentityOffset));
        return request;
    }

    private static bool Destroy(byte[] request)
    {
        using var socket = new NetlinkSocket(NetlinkSocket.NETLINK_SOCK_DIAG);
        socket.Send(request);
        Span<byte> answer = stackalloc byte[4096];
        var length = socket.Receive(answer);
        var error = length >= HeaderBytes + 4 ? -MemoryMarshal.Read<int>(answer[HeaderBytes..]) : 0;
        return error switch
        {
            0 => true,
            // Closed by its owner meanwhile.
            Errno.ENOENT => false,
            _ => throw new Win32Exception(error, $"Cannot close a socket: {Marshal.GetPInvokeErrorMessage(error)}"),
        };
    }

    private static void WriteHeader(Span<byte> request, ushort type, ushort flags)
    {
        MemoryMarshal.Write(request, request.Length);
        MemoryMarshal.Write(request[4..], type);
        MemoryMarshal.Write(request[6..], (ushort)(flags | NLM_F_REQUEST));
    }

    // struct inet_diag_req_v2
    private static void WriteRequest(Span<byte> request, byte family, ServiceProtocol protocol)
    {
        request[0] = family;
        request[1] = protocol == ServiceProtocol.Tcp ? (byte)6 : (byte)17;
        MemoryMarshal.Write(request[4..], protocol == ServiceProtocol.Tcp ? ConnectedStates : Established);
    }

    private static bool TryReadStorage<T>(ReadOnlySpan<byte> message, out T value)
        where T : unmanaged
    {
        var storages = NetlinkMessages.Attribute(message[MessageBytes..], INET_DIAG_SK_BPF_STORAGES);
        var bytes = NetlinkMessages.Attribute(NetlinkMessages.Attribute(storages, SK_DIAG_BPF_STORAGE), SK_DIAG_BPF_STORAGE_MAP_VALUE);
        return MemoryMarshal.TryRead(bytes, out value);
    }
}

using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Linux;

/// <summary>The UDP sockets of the loops and the calls that carry many datagrams at once. Failures are -1 with the error in <see cref="SocketCalls.Error"/>.</summary>
internal static unsafe partial class DatagramCalls
{
    /// <summary>
    /// Room for about 1,000 datagrams of a full frame, or 15 of the largest, while the loop is busy elsewhere; the kernel cuts it to
    /// net.core.rmem_max. It is a bound: what does not wait takes no memory.
    /// </summary>
    private const int BufferBytes = 1 << 20;

    /// <summary>Room for the header, the error and the address of who told it.</summary>
    private const int ErrorControlBytes = 128;

    private const int ControlHeaderBytes = 16;

    private const int SOL_SOCKET = 1;
    private const int SO_SNDBUF = 7;
    private const int SO_RCVBUF = 8;
    private const int SO_REUSEPORT = 15;
    private const int SO_ATTACH_FILTER = 26;
    private const int MSG_ERRQUEUE = 0x2000;
    private const ulong BPF_RET = 0x06;
    private const int IPPROTO_IP = 0;
    private const int IP_PKTINFO = 8;
    private const int IPPROTO_IPV6 = 41;
    private const int IP_RECVERR = 11;
    private const int IP_FREEBIND = 15;
    private const int IP_RECVORIGDSTADDR = 20;
    private const int IPV6_RECVERR = 25;
    private const int IPV6_V6ONLY = 26;
    private const int IPV6_RECVPKTINFO = 49;
    private const int IPV6_RECVORIGDSTADDR = 74;
    private const int IPV6_FREEBIND = 78;

    /// <summary>Addresses no packet comes here for (RFC 5737, RFC 6666): a socket bound there has only what is steered to it.</summary>
    private static readonly IPAddress Nowhere = IPAddress.Parse("192.0.2.1");

    private static readonly IPAddress Nowhere6 = IPAddress.Parse("100::1");

    /// <summary>A bound socket that shares its port with those of the other loops.</summary>
    /// <param name="endPoint">Where; on the wildcard address each datagram tells which address it was sent to.</param>
    public static int Listen(IPEndPoint endPoint)
    {
        int descriptor = SocketCalls.OpenUdp(endPoint.AddressFamily);
        if (descriptor < 0) return -1;
        bool v6 = endPoint.AddressFamily == AddressFamily.InterNetworkV6;
        SocketCalls.Set(descriptor, SOL_SOCKET, SO_REUSEPORT, 1);
        SetBuffers(descriptor);
        if (v6)
        {
            SocketCalls.Set(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 1);
            // A local route is enough for the kernel to let IPv4 bind; IPv6 asks for the address on an interface unless told not to.
            SocketCalls.Set(descriptor, IPPROTO_IPV6, IPV6_FREEBIND, 1);
        }

        if (IsWildcard(endPoint.Address)) SocketCalls.Set(descriptor, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVPKTINFO : IP_PKTINFO, 1);
        return SocketCalls.Bind(descriptor, endPoint.Serialize()) ? descriptor : CloseFailed(descriptor);
    }

    /// <summary>A socket for datagrams that are steered to it, each of which tells where it was sent to. Nobody reaches it otherwise.</summary>
    /// <param name="family">The family of what it receives.</param>
    /// <param name="port">A port to share with the sockets of other loops; 0 for a new one.</param>
    public static int OpenSteered(AddressFamily family, int port)
    {
        int descriptor = SocketCalls.OpenUdp(family);
        if (descriptor < 0) return -1;
        SetBuffers(descriptor);
        bool v6 = family == AddressFamily.InterNetworkV6;
        SocketCalls.Set(descriptor, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVORIGDSTADDR : IP_RECVORIGDSTADDR, 1);
        // The first one shares its port only once it has it: the kernel might choose one that somebody else shares with his own.
        if (port > 0) SocketCalls.Set(descriptor, SOL_SOCKET, SO_REUSEPORT, 1);
        if (!BindNowhere(descriptor, family, port)) return CloseFailed(descriptor);
        if (port == 0) SocketCalls.Set(descriptor, SOL_SOCKET, SO_REUSEPORT, 1);
        return descriptor;
    }

    /// <summary>
    /// A socket that sends datagrams from any address and port of this node, whoever is bound there; their headers are the caller's
    /// (<see cref="UdpHeader"/>). Receives nothing. Needs CAP_NET_RAW.
    /// </summary>
    public static int OpenRaw(AddressFamily family)
    {
        int descriptor = SocketCalls.OpenRawUdp(family);
        if (descriptor < 0) return -1;
        SetBuffers(descriptor);
        // Without an address of its own it would be handed a copy of every datagram that reaches this node.
        return BindNowhere(descriptor, family, 0) ? descriptor : CloseFailed(descriptor);
    }

    /// <summary>A socket that speaks with one backend alone, and is told by the kernel when that refuses.</summary>
    /// <param name="backend">Whom.</param>
    /// <param name="source">The client in whose name it speaks; null, or where the kernel refuses: this node's.</param>
    public static int Connect(Backend backend, ClientAddress? source = null)
    {
        int descriptor = SocketCalls.OpenUdp(backend.Address.AddressFamily);
        if (descriptor < 0) return -1;
        SetBuffers(descriptor);
        if (source is { } client) SocketCalls.BindTransparent(descriptor, client);
        return SocketCalls.Connect(descriptor, backend) == 0 ? descriptor : CloseFailed(descriptor);
    }

    /// <summary>A socket that sends to any number of backends, throws away what they send, and keeps what the network tells for <see cref="TakeError"/>.</summary>
    public static int OpenSendOnly(AddressFamily family)
    {
        int descriptor = SocketCalls.OpenUdp(family);
        if (descriptor < 0) return -1;
        SetBuffers(descriptor);
        bool v6 = family == AddressFamily.InterNetworkV6;
        SocketCalls.Set(descriptor, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_RECVERR : IP_RECVERR, 1);
        // A filter of one instruction, "keep 0 bytes": nobody reads the socket, and what fills its buffer would crowd out the refusals.
        ulong keepNothing = BPF_RET;
        var program = new FilterProgram { Length = 1, Instructions = &keepNothing };
        _ = setsockopt(descriptor, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(FilterProgram));
        return descriptor;
    }

    /// <summary>Takes the oldest error that the network has told a send-only socket: false where there is none.</summary>
    /// <param name="descriptor">The socket.</param>
    /// <param name="destination">Where the datagram was sent to, in the kernel's form.</param>
    /// <param name="error">What became of it; 0 where that is not told.</param>
    public static bool TakeError(int descriptor, Span<byte> destination, out int error)
    {
        byte* control = stackalloc byte[ErrorControlBytes];
        fixed (byte* name = destination)
        {
            var message = new MultiMessage { Name = name, NameLength = (uint)destination.Length, Control = control, ControlLength = ErrorControlBytes };
            bool any = recvmsg(descriptor, &message, MSG_ERRQUEUE) >= 0;
            // struct cmsghdr (16 bytes), then struct sock_extended_err, which begins with the error's number.
            error = any && message.ControlLength >= ControlHeaderBytes + sizeof(int) ? *(int*)(control + ControlHeaderBytes) : 0;
            return any;
        }
    }

    /// <summary>True for an error by which a backend's host, or a router on the way to it, says that nobody is there.</summary>
    public static bool IsRefusal(int error) => error is Errno.ECONNREFUSED or Errno.EHOSTUNREACH or Errno.ENETUNREACH;

    public static bool IsWildcard(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);

    /// <summary>True for an error that says nothing of the other side: a full buffer here, or a datagram too large for the way.</summary>
    public static bool IsLoss(int error) => error is Errno.EAGAIN or Errno.ENOBUFS or Errno.ENOMEM or Errno.EMSGSIZE;

    /// <summary>True for an error that joined datagrams may have and single ones not: a frame too small on the way, IPsec, an old kernel.</summary>
    public static bool IsOfJoined(int error) => error is Errno.EINVAL or Errno.EIO or Errno.EMSGSIZE or Errno.EOPNOTSUPP;

    public static int ReceiveMany(int descriptor, MultiMessage* messages, int count) => recvmmsg(descriptor, messages, (uint)count, 0, null);

    public static int SendMany(int descriptor, MultiMessage* messages, int count) => sendmmsg(descriptor, messages, (uint)count, 0);

    private static bool BindNowhere(int descriptor, AddressFamily family, int port)
    {
        bool v6 = family == AddressFamily.InterNetworkV6;
        if (v6) SocketCalls.Set(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 1);
        SocketCalls.Set(descriptor, v6 ? IPPROTO_IPV6 : IPPROTO_IP, v6 ? IPV6_FREEBIND : IP_FREEBIND, 1);
        return SocketCalls.Bind(descriptor, new IPEndPoint(v6 ? Nowhere6 : Nowhere, port).Serialize());
    }

    private static void SetBuffers(int descriptor)
    {
        SocketCalls.Set(descriptor, SOL_SOCKET, SO_RCVBUF, BufferBytes);
        SocketCalls.Set(descriptor, SOL_SOCKET, SO_SNDBUF, BufferBytes);
    }

    private static int CloseFailed(int descriptor)
    {
        int error = SocketCalls.Error;
        SocketCalls.Close(descriptor);
        Marshal.SetLastPInvokeError(error);
        return -1;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setsockopt(int descriptor, int level, int option, FilterProgram* value, int length);

    // A struct mmsghdr begins with the struct msghdr that this takes.
    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recvmsg(int descriptor, MultiMessage* message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int recvmmsg(int descriptor, MultiMessage* messages, uint count, int flags, void* timeout);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int sendmmsg(int descriptor, MultiMessage* messages, uint count, int flags);

    /// <summary>struct sock_fprog; an instruction, struct sock_filter, is eight bytes: code, two jumps, operand.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct FilterProgram
    {
        public ushort Length;
        public ulong* Instructions;
    }
}

using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Linux;

/// <summary>The socket calls of the loops, on plain descriptors that the caller owns. Failures are -1 with the error in <see cref="Error"/>.</summary>
internal static partial class SocketCalls
{
    /// <summary>Room for a sockaddr_in6.</summary>
    public const int AddressSize = 28;

    private const int SOCK_STREAM = 1;
    private const int SOCK_DGRAM = 2;
    private const int SOCK_RAW = 3;
    private const int SOCK_NONBLOCK = 0x800;
    private const int SOCK_CLOEXEC = 0x80000;
    private const int MSG_PEEK = 2;
    private const int SIOCOUTQ = 0x5411;
    private const int MSG_NOSIGNAL = 0x4000;
    private const int SHUT_WR = 1;
    private const int SOL_SOCKET = 1;
    private const int SO_REUSEADDR = 2;
    private const int SO_ERROR = 4;
    private const int SO_SNDBUF = 7;
    private const int SO_RCVBUF = 8;
    private const int SO_KEEPALIVE = 9;
    private const int SO_LINGER = 13;
    private const int SO_REUSEPORT = 15;
    private const int SO_PROTOCOL = 38;
    private const int SO_COOKIE = 57;
    private const int F_DUPFD_CLOEXEC = 1030;
    private const int O_CLOEXEC = 0x80000;
    private const int IPPROTO_TCP = 6;
    private const int IPPROTO_UDP = 17;
    private const int TCP_NODELAY = 1;
    private const int TCP_KEEPIDLE = 4;
    private const int TCP_CONGESTION = 13;
    private const int IPPROTO_IPV6 = 41;
    private const int IPPROTO_IP = 0;
    private const int IP_TRANSPARENT = 19;
    private const int IP_BIND_ADDRESS_NO_PORT = 24;
    private const int IPV6_TRANSPARENT = 75;
    private const int IPV6_V6ONLY = 26;
    private const int IPV6_FREEBIND = 78;

    public static int Error => Marshal.GetLastPInvokeError();

    /// <summary>A non-blocking TCP socket for an address family.</summary>
    public static int OpenTcp(AddressFamily family) => socket(Native(family), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_TCP);

    /// <summary>A non-blocking UDP socket for an address family.</summary>
    public static int OpenUdp(AddressFamily family) => socket(Native(family), SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);

    /// <summary>A non-blocking socket for UDP datagrams whose headers the caller writes. Needs CAP_NET_RAW.</summary>
    public static int OpenRawUdp(AddressFamily family) => socket(Native(family), SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_UDP);

    /// <summary>A listening socket that shares its port with those of the other loops; -1 where any step failed.</summary>
    public static int ListenTcp(IPEndPoint endPoint, int backlog)
    {
        int descriptor = OpenTcp(endPoint.AddressFamily);
        if (descriptor < 0) return -1;
        Set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
        Set(descriptor, SOL_SOCKET, SO_REUSEPORT, 1);
        SetFamily(descriptor, endPoint.AddressFamily);
        return Bind(descriptor, endPoint.Serialize()) && listen(descriptor, backlog) == 0 ? descriptor : CloseFailed(descriptor);
    }

    /// <summary>A socket bound to a port that no other socket has; -1 where any step failed.</summary>
    public static int BindAlone(IPEndPoint endPoint, ServiceProtocol protocol)
    {
        int descriptor = protocol == ServiceProtocol.Tcp ? OpenTcp(endPoint.AddressFamily) : OpenUdp(endPoint.AddressFamily);
        if (descriptor < 0) return -1;
        // Connections of an earlier process that have ended are not in the way; for UDP it would share the port.
        if (protocol == ServiceProtocol.Tcp) Set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
        SetFamily(descriptor, endPoint.AddressFamily);
        return Bind(descriptor, endPoint.Serialize()) ? descriptor : CloseFailed(descriptor);
    }

    /// <summary>The port a socket is bound to.</summary>
    public static int LocalPort(int descriptor)
    {
        Span<byte> address = stackalloc byte[AddressSize];
        int length = AddressSize;
        return getsockname(descriptor, ref MemoryMarshal.GetReference(address), ref length) == 0 ? (address[2] << 8) | address[3] : 0;
    }

    public static int Accept(int listener, Span<byte> address)
    {
        int length = address.Length;
        return accept4(listener, ref MemoryMarshal.GetReference(address), ref length, SOCK_NONBLOCK | SOCK_CLOEXEC);
    }

    /// <summary>Binds a socket; false with the error in <see cref="Error"/>.</summary>
    public static bool Bind(int descriptor, SocketAddress address) => bind(descriptor, ref MemoryMarshal.GetReference(address.Buffer.Span), address.Size) == 0;

    /// <summary>
    /// Has the socket speak from another machine's address, on a port that is chosen when it connects. Needs CAP_NET_ADMIN; false where
    /// the kernel refuses, and then it will speak from this node's.
    /// </summary>
    public static bool BindTransparent(int descriptor, ClientAddress client)
    {
        Span<byte> address = stackalloc byte[AddressSize];
        int length = client.WriteSocketAddress(address);
        Set(descriptor, client.IsIPv4 ? IPPROTO_IP : IPPROTO_IPV6, client.IsIPv4 ? IP_TRANSPARENT : IPV6_TRANSPARENT, 1);
        // Otherwise one port would be taken for each connection, of those all clients' addresses share.
        Set(descriptor, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
        return bind(descriptor, ref MemoryMarshal.GetReference(address), length) == 0;
    }

    /// <summary>Begins to connect: 0 at once (always so for UDP), or -1 with EINPROGRESS.</summary>
    public static int Connect(int descriptor, Backend backend)
    {
        Span<byte> address = stackalloc byte[AddressSize];
        int length = backend.WriteSocketAddress(address);
        return connect(descriptor, ref MemoryMarshal.GetReference(address), length);
    }

    public static nint Receive(int descriptor, Span<byte> buffer) => recv(descriptor, ref MemoryMarshal.GetReference(buffer), buffer.Length, 0);

    /// <summary>Whether a receive would bring something, without taking it: 1 where it would, 0 at the end.</summary>
    public static nint Peek(int descriptor)
    {
        byte one = 0;
        return recv(descriptor, ref one, 1, MSG_PEEK);
    }

    public static nint Send(int descriptor, ReadOnlySpan<byte> buffer) => send(descriptor, ref MemoryMarshal.GetReference(buffer), buffer.Length, MSG_NOSIGNAL);

    public static void ShutdownSend(int descriptor) => _ = shutdown(descriptor, SHUT_WR);

    /// <summary>The error pending on a socket, which this takes; 0: none.</summary>
    public static int TakeError(int descriptor)
    {
        int value = 0, length = sizeof(int);
        return getsockopt(descriptor, SOL_SOCKET, SO_ERROR, ref value, ref length) == 0 ? value : Error;
    }

    /// <summary>The address a socket is bound to, in the kernel's form; false where it has none any more.</summary>
    public static bool LocalAddress(int descriptor, Span<byte> address)
    {
        int length = address.Length;
        return getsockname(descriptor, ref MemoryMarshal.GetReference(address), ref length) == 0;
    }

    /// <summary>The kernel's name for a socket, the same in every process that has a descriptor of it; 0 where it can't be told.</summary>
    public static ulong Cookie(int descriptor)
    {
        Span<byte> cookie = stackalloc byte[sizeof(ulong)];
        int length = cookie.Length;
        return getsockopt(descriptor, SOL_SOCKET, SO_COOKIE, ref MemoryMarshal.GetReference(cookie), ref length) == 0 ? MemoryMarshal.Read<ulong>(cookie) : 0;
    }

    /// <summary>What a socket is for: TCP or UDP; null for anything else.</summary>
    public static ServiceProtocol? Protocol(int descriptor)
    {
        int value = 0, length = sizeof(int);
        if (getsockopt(descriptor, SOL_SOCKET, SO_PROTOCOL, ref value, ref length) != 0) return null;
        return value switch { IPPROTO_TCP => ServiceProtocol.Tcp, IPPROTO_UDP => ServiceProtocol.Udp, _ => null };
    }

    /// <summary>Where a socket is bound; null for one of another kind than IP.</summary>
    public static IPEndPoint? LocalEndPoint(int descriptor)
    {
        Span<byte> address = stackalloc byte[AddressSize];
        if (!LocalAddress(descriptor, address) || MemoryMarshal.Read<ushort>(address) is not (2 or 10)) return null;
        IPAddress ip = ClientAddress.FromSocketAddress(address).ToAddress();
        if (ip.IsIPv6LinkLocal) ip.ScopeId = MemoryMarshal.Read<uint>(address[24..]);
        return new IPEndPoint(MemoryMarshal.Read<ushort>(address) == 10 && ip.AddressFamily == AddressFamily.InterNetwork ? ip.MapToIPv6() : ip, ClientAddress.PortOf(address));
    }

    /// <summary>
    /// Closes a descriptor of a socket that another process has too, and puts an unused socket in its place, which its owner may close in
    /// whatever way.
    /// </summary>
    public static void Abandon(int descriptor)
    {
        // Opened before there could be no descriptor left, and kept.
        _ = dup3(UnusedSocket.Descriptor, descriptor, O_CLOEXEC);
    }

    /// <summary>Another descriptor of the same socket; -1 where there is no room.</summary>
    public static int Duplicate(int descriptor) => fcntl(descriptor, F_DUPFD_CLOEXEC, 0);

    /// <summary>Bytes sent that the peer has not acknowledged yet; 0 too where the kernel does not say.</summary>
    public static int Unacknowledged(int descriptor)
    {
        int bytes = 0;
        return ioctl(descriptor, SIOCOUTQ, ref bytes) == 0 ? bytes : 0;
    }

    public static void SetNoDelay(int descriptor) => Set(descriptor, IPPROTO_TCP, TCP_NODELAY, 1);

    /// <summary>Bounds what the kernel holds of what was received, and with it the window; no more than net.core.rmem_max.</summary>
    public static void SetReceiveBuffer(int descriptor, int bytes) => Set(descriptor, SOL_SOCKET, SO_RCVBUF, bytes);

    /// <summary>Bounds what the kernel takes to be sent; no more than net.core.wmem_max.</summary>
    public static void SetSendBuffer(int descriptor, int bytes) => Set(descriptor, SOL_SOCKET, SO_SNDBUF, bytes);

    public static void SetKeepAlive(int descriptor, int idleSeconds)
    {
        Set(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1);
        Set(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, idleSeconds);
    }

    /// <summary>Chooses the congestion control by its name in ASCII; false where the kernel does not have it.</summary>
    public static bool SetCongestionControl(int descriptor, ReadOnlySpan<byte> name) =>
        setsockopt(descriptor, IPPROTO_TCP, TCP_CONGESTION, ref MemoryMarshal.GetReference(name), name.Length) == 0;

    /// <summary>Closes with a reset: what is unsent is thrown away and the peer is told so.</summary>
    public static void Reset(int descriptor)
    {
        // struct linger { l_onoff = 1, l_linger = 0 }
        ReadOnlySpan<byte> linger = [1, 0, 0, 0, 0, 0, 0, 0];
        _ = setsockopt(descriptor, SOL_SOCKET, SO_LINGER, ref MemoryMarshal.GetReference(linger), linger.Length);
        Close(descriptor);
    }

    public static void Close(int descriptor) => _ = close(descriptor);

    public static void Set(int descriptor, int level, int option, int value) => _ = setsockopt(descriptor, level, option, ref value, sizeof(int));

    private static void SetFamily(int descriptor, AddressFamily family)
    {
        if (family != AddressFamily.InterNetworkV6) return;
        Set(descriptor, IPPROTO_IPV6, IPV6_V6ONLY, 1);
        // A local route is enough for the kernel to let IPv4 bind; IPv6 asks for the address on an interface unless told not to.
        Set(descriptor, IPPROTO_IPV6, IPV6_FREEBIND, 1);
    }

    // The error is still to be asked for.
    private static int CloseFailed(int descriptor)
    {
        int error = Error;
        Close(descriptor);
        Marshal.SetLastPInvokeError(error);
        return -1;
    }

    // AF_INET6 is 10 for the kernel and 23 for the runtime.
    private static int Native(AddressFamily family) => family == AddressFamily.InterNetworkV6 ? 10 : 2;

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int bind(int descriptor, ref byte address, int length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int listen(int descriptor, int backlog);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getsockname(int descriptor, ref byte address, ref int length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int accept4(int descriptor, ref byte address, ref int length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int connect(int descriptor, ref byte address, int length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recv(int descriptor, ref byte buffer, nint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint send(int descriptor, ref byte buffer, nint length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int ioctl(int descriptor, nuint request, ref int value);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int shutdown(int descriptor, int how);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getsockopt(int descriptor, int level, int option, ref int value, ref int length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setsockopt(int descriptor, int level, int option, ref int value, int length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setsockopt(int descriptor, int level, int option, ref byte value, int length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getsockopt(int descriptor, int level, int option, ref byte value, ref int length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int dup3(int descriptor, int target, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(int descriptor, int command, int argument);

    [LibraryImport("libc")]
    private static partial int close(int descriptor);
}

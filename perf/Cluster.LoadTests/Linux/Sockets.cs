using System.ComponentModel;
using System.Net;

namespace Cluster.LoadTests.Linux;

/// <summary>Sockets of the load generator: plain descriptors that the caller owns, non-blocking unless it asks for others.</summary>
internal static unsafe class Sockets
{
    private const int Backlog = 4096;

    public static int Listen(IPEndPoint endPoint)
    {
        int descriptor = Open(Libc.SOCK_STREAM);
        int one = 1;
        _ = Libc.setsockopt(descriptor, Libc.SOL_SOCKET, Libc.SO_REUSEADDR, &one, sizeof(int));
        Bind(descriptor, endPoint);
        if (Libc.listen(descriptor, Backlog) != 0) throw Failure($"listen on {endPoint}", descriptor);
        return descriptor;
    }

    /// <summary>Begins to connect by TCP; -1 where it failed at once.</summary>
    public static int Connect(SocketAddressV4 address)
    {
        int descriptor = Open(Libc.SOCK_STREAM);
        SetNoDelay(descriptor);
        if (Libc.connect(descriptor, &address, SocketAddressV4.Size) == 0 || Libc.Error == Libc.EINPROGRESS) return descriptor;
        _ = Libc.close(descriptor);
        return -1;
    }

    public static int BindUdp(IPEndPoint endPoint, int receiveBuffer, bool waits = false)
    {
        int descriptor = Open(Libc.SOCK_DGRAM, waits);
        _ = Libc.setsockopt(descriptor, Libc.SOL_SOCKET, Libc.SO_RCVBUF, &receiveBuffer, sizeof(int));
        Bind(descriptor, endPoint);
        return descriptor;
    }

    public static int ConnectUdp(SocketAddressV4 address)
    {
        int descriptor = Open(Libc.SOCK_DGRAM);
        if (Libc.connect(descriptor, &address, SocketAddressV4.Size) != 0) throw Failure("connect", descriptor);
        return descriptor;
    }

    /// <summary>A waiting connection, or -1.</summary>
    public static int Accept(int listener)
    {
        int descriptor = Libc.accept4(listener, null, null, Libc.SOCK_NONBLOCK | Libc.SOCK_CLOEXEC);
        if (descriptor >= 0) SetNoDelay(descriptor);
        return descriptor;
    }

    /// <summary>Closes with a reset, so that thousands of idle connections leave no trace for the next measurement.</summary>
    public static void Reset(int descriptor)
    {
        ulong linger = 1;
        _ = Libc.setsockopt(descriptor, Libc.SOL_SOCKET, Libc.SO_LINGER, &linger, sizeof(ulong));
        _ = Libc.close(descriptor);
    }

    private static void SetNoDelay(int descriptor)
    {
        int one = 1;
        _ = Libc.setsockopt(descriptor, Libc.IPPROTO_TCP, Libc.TCP_NODELAY, &one, sizeof(int));
    }

    private static void Bind(int descriptor, IPEndPoint endPoint)
    {
        var address = new SocketAddressV4(endPoint);
        if (Libc.bind(descriptor, &address, SocketAddressV4.Size) != 0) throw Failure($"bind to {endPoint}", descriptor);
    }

    private static int Open(int type, bool waits = false)
    {
        int descriptor = Libc.socket(Libc.AF_INET, type | (waits ? 0 : Libc.SOCK_NONBLOCK) | Libc.SOCK_CLOEXEC, 0);
        return descriptor >= 0 ? descriptor : throw new Win32Exception(Libc.Error);
    }

    private static IOException Failure(string what, int descriptor)
    {
        var reason = new Win32Exception(Libc.Error);
        _ = Libc.close(descriptor);
        return new IOException($"{what}: {reason.Message}", reason);
    }
}

using System.Net;
using System.Net.Sockets;
using System.Runtime.InteropServices;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Net;

/// <summary>Makes the sockets frontends listen on and names what goes wrong.</summary>
internal static class ListenSockets
{
    /// <summary>The kernel cuts it to net.core.somaxconn (4096 by default): a burst of connections waits instead of being dropped.</summary>
    private const int Backlog = 4096;

    /// <summary>Room for about 1,000 datagrams of a full frame while the loop is busy; the kernel cuts it to net.core.rmem_max.</summary>
    private const int UdpBufferBytes = 1 << 20;

    private const int IPPROTO_IPV6 = 41;
    private const int IPV6_FREEBIND = 78;

    public static (Socket? Socket, FrontendResult Result) Open(IPEndPoint endPoint, ServiceProtocol protocol)
    {
        Socket? socket = null;
        try
        {
            socket = protocol == ServiceProtocol.Tcp
                ? new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp)
                : new Socket(endPoint.AddressFamily, SocketType.Dgram, ProtocolType.Udp);
            if (endPoint.AddressFamily == AddressFamily.InterNetworkV6) SetOptionsV6(socket);
            if (protocol == ServiceProtocol.Udp) socket.ReceiveBufferSize = UdpBufferBytes;
            socket.Bind(endPoint);
            if (protocol == ServiceProtocol.Tcp) socket.Listen(Backlog);
            socket.Blocking = false;
            return (socket, FrontendResult.Opened);
        }
        catch (SocketException exception)
        {
            socket?.Dispose();
            return (null, new FrontendResult(Classify(exception.SocketErrorCode), exception.Message));
        }
    }

    private static void SetOptionsV6(Socket socket)
    {
        socket.DualMode = false;
        // A local route is enough for the kernel to let IPv4 bind; IPv6 asks for the address on an interface unless told not to.
        if (OperatingSystem.IsLinux()) socket.SetRawSocketOption(IPPROTO_IPV6, IPV6_FREEBIND, [1, 0, 0, 0]);
    }

    /// <summary>Whether a port is free, found out by binding it alone for a moment. For the loops: Linux.</summary>
    public static FrontendResult Probe(IPEndPoint endPoint, ServiceProtocol protocol = ServiceProtocol.Tcp)
    {
        var descriptor = SocketCalls.BindAlone(endPoint, protocol);
        if (descriptor < 0) return Failure(SocketCalls.Error);
        SocketCalls.Close(descriptor);
        return FrontendResult.Opened;
    }

    /// <summary>What an error number of the kernel means for a frontend.</summary>
    public static FrontendResult Failure(int errno) => new(
        errno switch
        {
            Errno.EADDRINUSE => FrontendError.PortInUse,
            Errno.EADDRNOTAVAIL => FrontendError.AddressNotLocal,
            Errno.EACCES => FrontendError.PermissionDenied,
            Errno.EMFILE or Errno.ENFILE => FrontendError.OutOfDescriptors,
            _ => FrontendError.Other,
        },
        Marshal.GetPInvokeErrorMessage(errno));

    private static FrontendError Classify(SocketError error) => error switch
    {
        SocketError.AddressAlreadyInUse => FrontendError.PortInUse,
        SocketError.AddressNotAvailable => FrontendError.AddressNotLocal,
        SocketError.AccessDenied => FrontendError.PermissionDenied,
        SocketError.TooManyOpenSockets => FrontendError.OutOfDescriptors,
        _ => FrontendError.Other,
    };
}

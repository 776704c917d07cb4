using System.Net.Sockets;
using Cluster.Dataplane.Linux;

namespace Cluster.Dataplane.Tcp.Managed;

/// <summary>What a relay does with the runtime's sockets, which their peers, or another thread, may end at any moment.</summary>
internal static class RelaySocket
{
    private static readonly LingerOption ResetOnClose = new(true, 0);

    /// <summary>No delay, and probes of a silent peer where the options ask for them.</summary>
    public static void SetOptions(Socket socket, TcpRelayOptions options)
    {
        socket.NoDelay = true;
        if (options.KeepAlive <= TimeSpan.Zero) return;
        socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.KeepAlive, true);
        socket.SetSocketOption(SocketOptionLevel.Tcp, SocketOptionName.TcpKeepAliveTime, (int)options.KeepAlive.TotalSeconds);
    }

    /// <summary>Closes it with a reset.</summary>
    public static void Reset(Socket socket)
    {
        try
        {
            socket.LingerState = ResetOnClose;
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // Already reset by its peer, or closed: there is nobody to tell.
        }

        socket.Dispose();
    }

    /// <summary>Tells the peer that nothing more will come; false where there is nobody to tell.</summary>
    public static bool End(Socket socket)
    {
        try
        {
            socket.Shutdown(SocketShutdown.Send);
            return true;
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // It has come to its end by itself.
            return false;
        }
    }

    /// <summary>Nothing waits to be read, and everything that was sent is acknowledged, where the system says so.</summary>
    public static bool IsSettled(Socket socket)
    {
        var held = false;
        try
        {
            socket.SafeHandle.DangerousAddRef(ref held);
            return socket.Available == 0 && (!OperatingSystem.IsLinux() || SocketCalls.Unacknowledged((int)socket.Handle) == 0);
        }
        catch (Exception exception) when (exception is SocketException or ObjectDisposedException)
        {
            // It has come to its end by itself.
            return false;
        }
        finally
        {
            if (held) socket.SafeHandle.DangerousRelease();
        }
    }
}

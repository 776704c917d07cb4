using System.Net;
using System.Net.Sockets;

namespace Cluster.Testing;

/// <summary>Ports nobody listens on at the moment of asking.</summary>
public static class FreePort
{
    /// <summary>A TCP port on the loopback address. Ports asked for together differ.</summary>
    public static int Tcp() => Tcp(1)[0];

    public static int[] Tcp(int count)
    {
        var listeners = Enumerable.Range(0, count).Select(_ => Listen()).ToArray();
        var ports = listeners.Select(listener => ((IPEndPoint)listener.LocalEndpoint).Port).ToArray();
        foreach (var listener in listeners)
            listener.Dispose();
        return ports;
    }

    /// <summary>A UDP port on the loopback address.</summary>
    public static int Udp()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Dgram, ProtocolType.Udp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    private static TcpListener Listen()
    {
        var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return listener;
    }
}

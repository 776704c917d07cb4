using System.Net;
using System.Net.Sockets;

namespace Cluster.Testing;

/// <summary>Ports nobody listens on, over TCP and UDP, at the moment of asking. Ports asked for by one process differ.</summary>
/// <remarks>
/// From below the ephemeral range (32768 and up) and the node ports (30000 and up): what the kernel gives to the thousands of outgoing
/// connections of other tests is never one of these, which it would be for a port got by binding to 0.
/// </remarks>
public static class FreePort
{
    private const int First = 10_500;
    private const int Last = 29_999;

    // Test processes that run at the same time begin at different places.
    private static int _next = First + (Environment.ProcessId * 97 % (Last - First));

    public static int Tcp() => Next();

    public static int[] Tcp(int count) => [.. Enumerable.Range(0, count).Select(_ => Next())];

    public static int Udp() => Next();

    private static int Next()
    {
        for (var tries = 0; tries <= Last - First; tries++)
        {
            var port = First + ((Interlocked.Increment(ref _next) - First) % (Last - First + 1));
            if (IsFree(port, SocketType.Stream, ProtocolType.Tcp) && IsFree(port, SocketType.Dgram, ProtocolType.Udp)) return port;
        }

        throw new InvalidOperationException($"no port from {First} to {Last} is free");
    }

    private static bool IsFree(int port, SocketType type, ProtocolType protocol)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, type, protocol);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Any, port));
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}

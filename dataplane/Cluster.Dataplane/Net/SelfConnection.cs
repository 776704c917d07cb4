using System.Globalization;
using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Net;

/// <summary>
/// Tells a TCP connection with itself: where nobody listens at an address of this host, and the kernel chooses for the caller the very port
/// that is dialled, its SYN meets itself (simultaneous open, RFC 9293, 3.5). What was sent would come back as the answer.
/// </summary>
internal static class SelfConnection
{
    private const string RangeFile = "/proc/sys/net/ipv4/ip_local_port_range";
    private const int FirstUnprivileged = 1024;

    private static readonly int FirstPort = ReadFirstPort();

    /// <summary>False for most backends: callers never get a port as low as theirs.</summary>
    public static bool IsPossible(IPEndPoint backend) => backend.Port >= FirstPort;

    /// <summary>True where a connected socket is its own peer.</summary>
    public static bool Is(Socket socket, IPEndPoint backend) => IsPossible(backend) && backend.Equals(socket.LocalEndPoint);

    /// <summary>True where a connected socket is its own peer.</summary>
    public static bool Is(int descriptor, Backend backend)
    {
        if (!IsPossible(backend.Address)) return false;
        Span<byte> local = stackalloc byte[SocketCalls.AddressSize], own = stackalloc byte[SocketCalls.AddressSize];
        backend.WriteSocketAddress(own);
        return SocketCalls.LocalAddress(descriptor, local) && local.StartsWith(own[..Significant(backend.Address.AddressFamily)]);
    }

    // Family, port and IPv4 address; family, port, flow and IPv6 address.
    private static int Significant(AddressFamily family) => family == AddressFamily.InterNetwork ? 8 : 24;

    private static int ReadFirstPort()
    {
        try
        {
            return int.Parse(File.ReadAllText(RangeFile).Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries)[0], CultureInfo.InvariantCulture);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or FormatException or IndexOutOfRangeException)
        {
            return FirstUnprivileged;
        }
    }
}

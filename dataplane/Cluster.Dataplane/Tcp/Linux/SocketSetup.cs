using System.Net;
using System.Text;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Tcp.Linux;

/// <summary>Sets what the loops' sockets need, by as few calls as possible: accepted sockets inherit most of it from their listener.</summary>
/// <remarks>
/// Keep-alive probes are set only on connections that last: most are over before a probe would be due. TCP_DEFER_ACCEPT and TCP_QUICKACK
/// stay off: the first makes clients wait that expect the server to speak first, the second costs a packet where an answer follows anyway.
/// </remarks>
internal sealed class SocketSetup(TcpRelayOptions options, ClientOrigins origins)
{
    private const string SystemDefault = "/proc/sys/net/ipv4/tcp_congestion_control";

    private readonly byte[]? _localCongestionControl = Differs(options.LocalCongestionControl) ? Encoding.ASCII.GetBytes(options.LocalCongestionControl!) : null;
    private readonly int _keepAliveSeconds = (int)Math.Ceiling(options.KeepAlive.TotalSeconds);

    public void Listener(int descriptor, IPAddress address)
    {
        SocketCalls.SetNoDelay(descriptor);
        // Whoever reaches a loopback address is on this node.
        if (IPAddress.IsLoopback(address)) SetLocal(descriptor);
    }

    public void Accepted(int descriptor, IPAddress listenedOn, ClientAddress client)
    {
        if (_localCongestionControl is not null && !IPAddress.IsLoopback(listenedOn) && origins.IsNode(client)) SetLocal(descriptor);
    }

    public void ToBackend(int descriptor, Backend backend)
    {
        SocketCalls.SetNoDelay(descriptor);
        if (_localCongestionControl is not null && (backend.IsLocal || origins.IsNode(backend.Host))) SetLocal(descriptor);
    }

    /// <summary>Has the kernel probe the peer of a connection that lasts.</summary>
    public void Lasting(int descriptor)
    {
        if (_keepAliveSeconds > 0) SocketCalls.SetKeepAlive(descriptor, _keepAliveSeconds);
    }

    private void SetLocal(int descriptor)
    {
        // Where the kernel does not have it, or not for this user, the system's own stays.
        if (_localCongestionControl is { } name) SocketCalls.SetCongestionControl(descriptor, name);
    }

    private static bool Differs(string? name)
    {
        try
        {
            return name is not null && File.ReadAllText(SystemDefault).Trim() != name;
        }
        catch (IOException)
        {
            return name is not null;
        }
    }
}

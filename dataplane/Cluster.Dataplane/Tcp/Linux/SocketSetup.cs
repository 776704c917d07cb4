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
    /// <summary>
    /// What the kernel may hold of a stream on its way to or from this node, in bytes. Two such buffers and a pipe, for each of a few
    /// streams, stay in the processor's caches; left to itself the kernel lets them grow to the tens of megabytes that a wide network needs.
    /// </summary>
    private const int LocalStreamBytes = 512 * 1024;

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
        if (_localCongestionControl is not null && IsLocal(backend)) SetLocal(descriptor);
    }

    /// <summary>Bounds the kernel's buffers of a stream where they lie between this node's own sockets. Only streams: it costs two calls.</summary>
    /// <param name="connection">Connected on both sides.</param>
    /// <param name="toBackend">The direction that streams.</param>
    public void Stream(LoopConnection connection, bool toBackend)
    {
        bool clientIsLocal = IPAddress.IsLoopback(connection.Listener!.Frontend.Address) || origins.IsNode(connection.ClientAddress);
        if (clientIsLocal) Bound(connection.Client, isSource: toBackend);
        if (connection.Backend is { } backend && IsLocal(backend)) Bound(connection.BackendSocket, isSource: !toBackend);
    }

    /// <summary>Has the kernel probe the peer of a connection that lasts.</summary>
    public void Lasting(int descriptor)
    {
        if (_keepAliveSeconds > 0) SocketCalls.SetKeepAlive(descriptor, _keepAliveSeconds);
    }

    private bool IsLocal(Backend backend) => backend.IsLocal || origins.IsNode(backend.Host);

    private static void Bound(int descriptor, bool isSource)
    {
        if (isSource) SocketCalls.SetReceiveBuffer(descriptor, LocalStreamBytes);
        else SocketCalls.SetSendBuffer(descriptor, LocalStreamBytes);
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

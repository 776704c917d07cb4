using System.Net.Sockets;

namespace Cluster.Dataplane.Tcp.Managed;

/// <summary>What an operation moved, or why it failed.</summary>
internal readonly record struct SocketOperationResult(int Bytes, SocketError Error)
{
    public bool Succeeded => Error == SocketError.Success;
}

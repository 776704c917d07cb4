using System.Net.Sockets;

namespace Cluster.Dataplane.Tests.Tcp;

/// <summary>One service with its backends behind a way through the node, for conversations that are compared byte for byte.</summary>
public interface IConversationRig : IAsyncDisposable
{
    /// <summary>Connections that the way counts as living.</summary>
    int ActiveConnections { get; }

    /// <summary>Those that its backends count.</summary>
    int BackendConnections { get; }

    /// <summary>A client's connection to the service.</summary>
    Task<Socket> ConnectAsync();
}

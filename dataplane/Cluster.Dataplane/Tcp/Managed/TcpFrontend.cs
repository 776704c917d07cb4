using System.Net.Sockets;
using Cluster.Dataplane.Handover;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Tcp.Managed;

/// <summary>One listening socket and the loop that accepts from it.</summary>
internal sealed class TcpFrontend(TcpRelay relay, Frontend frontend, Socket listener) : IDisposable
{
    private readonly SocketOperation _accept = new();

    public Frontend Frontend => frontend;

    /// <summary>The accept loop; ends when the frontend is closed.</summary>
    public Task Completion { get; private set; } = Task.CompletedTask;

    public int Descriptor => (int)listener.Handle;

    public void Start() => Completion = AcceptAsync();

    /// <summary>Another process listens by the same socket: see <see cref="HandoverSockets.Abandon"/>.</summary>
    public void Abandon() => HandoverSockets.Abandon(listener);

    /// <summary>Closes the listening socket; the loop sees it, ends and lets go of the rest.</summary>
    public void Dispose() => listener.Dispose();

    private async Task AcceptAsync()
    {
        while (true)
        {
            var accepted = await _accept.AcceptAsync(listener);
            if (accepted.Succeeded) await relay.ServeAsync(_accept.AcceptSocket!, frontend);
            else if (accepted.Error is SocketError.OperationAborted or SocketError.Interrupted or SocketError.NotSocket) break;
            // A client that gave up in the queue is no reason to wait; anything else would come again at once.
            else if (accepted.Error is not (SocketError.ConnectionReset or SocketError.ConnectionAborted)) await relay.PauseAsync(accepted.Error);
        }

        _accept.Dispose();
    }
}

using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Cluster.ApiServer.Hosting;

/// <summary>
/// Accepts one connection at a time and lets others have the thread between: Kestrel takes all that wait in the kernel's queue (512) in one go otherwise, and
/// whoever is connected waits for that.
/// </summary>
internal sealed class PacedListeners(IConnectionListenerFactory listeners) : IConnectionListenerFactory
{
    public async ValueTask<IConnectionListener> BindAsync(EndPoint endpoint, CancellationToken cancellationToken = default) =>
        new PacedListener(await listeners.BindAsync(endpoint, cancellationToken));

    private sealed class PacedListener(IConnectionListener listener) : IConnectionListener
    {
        public EndPoint EndPoint => listener.EndPoint;

        public async ValueTask<ConnectionContext?> AcceptAsync(CancellationToken cancellationToken = default)
        {
            await Task.Yield();
            return await listener.AcceptAsync(cancellationToken);
        }

        public ValueTask UnbindAsync(CancellationToken cancellationToken = default) => listener.UnbindAsync(cancellationToken);

        public ValueTask DisposeAsync() => listener.DisposeAsync();
    }
}

using System.Collections.Concurrent;
using System.Net;
using Microsoft.AspNetCore.Connections;

namespace Cluster.ApiServer.Hosting;

/// <summary>Bounds the connections of one address, before TLS costs anything.</summary>
/// <param name="limit">So many are let in at once, the next is closed.</param>
internal sealed class ConnectionsByAddress(int limit)
{
    private readonly ConcurrentDictionary<IPAddress, int> _open = new();

    public async Task RunAsync(ConnectionContext connection, ConnectionDelegate next)
    {
        var address = (connection.RemoteEndPoint as IPEndPoint)?.Address ?? IPAddress.None;
        try
        {
            if (_open.AddOrUpdate(address, 1, (_, open) => open + 1) <= limit)
                await next(connection);
            else
                connection.Abort();
        }
        finally
        {
            // The last one takes the entry with it, unless another came between.
            if (_open.AddOrUpdate(address, 0, (_, open) => open - 1) == 0)
                _open.TryRemove(new(address, 0));
        }
    }
}

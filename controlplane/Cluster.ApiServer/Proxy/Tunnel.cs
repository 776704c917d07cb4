using System.Buffers;

namespace Cluster.ApiServer.Proxy;

/// <summary>Two connections that changed their protocol: what one says goes to the other, whatever it is.</summary>
internal static class Tunnel
{
    private const int BufferBytes = 32 * 1024;

    /// <summary>Runs until either side closes. What the backend said before it closed is with the client then.</summary>
    public static async Task RunAsync(Stream client, Stream backend, CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var up = CopyAsync(client, backend, ended.Token);
        var down = CopyAsync(backend, client, ended.Token);

        // Neither protocol ends one direction by closing it: who closes is gone, and so is the reason to go on.
        await Task.WhenAny(up, down);
        await ended.CancelAsync();
        await Task.WhenAll(up, down);
    }

    /// <summary>One piece at a time: a reader who is slow holds its writer up, and nothing piles up here.</summary>
    private static async Task CopyAsync(Stream from, Stream to, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            while (await from.ReadAsync(buffer, cancellationToken) is > 0 and var length)
            {
                await to.WriteAsync(buffer.AsMemory(0, length), cancellationToken);
                await to.FlushAsync(cancellationToken);
            }
        }
        catch (Exception e) when (e is IOException or OperationCanceledException or ObjectDisposedException)
        {
            // A side that breaks is a side that closed.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}

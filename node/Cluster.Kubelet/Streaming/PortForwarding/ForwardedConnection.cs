using System.Buffers;
using System.Net.Sockets;
using System.Text;

namespace Cluster.Kubelet.Streaming.PortForwarding;

/// <summary>One connection through a forwarded port: the bytes, and a stream on which the client is told what went wrong.</summary>
internal sealed record ForwardedConnection(int Port, IClientStream Data, IClientStream Error)
{
    private const int BufferBytes = 32 * 1024;

    /// <summary>Why it did not come about; the client prints it.</summary>
    public async Task FailAsync(string reason, CancellationToken cancellationToken)
    {
        await Error.WriteAsync(Encoding.UTF8.GetBytes(reason), cancellationToken);
        await EndAsync(cancellationToken);
    }

    /// <summary>
    /// Carries bytes both ways; each direction ends by itself. Once the pod has said all, the client gets <paramref name="patience"/> to
    /// end its own direction: it waits for the pod's end and has no use for a connection that only goes one way.
    /// </summary>
    public async Task RunAsync(Socket pod, TimeSpan patience, CancellationToken cancellationToken)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var sending = SendAsync(pod, ended.Token);
        try
        {
            await ReceiveAsync(pod, cancellationToken);
            await EndAsync(cancellationToken);
            ended.CancelAfter(patience);
        }
        catch
        {
            await ended.CancelAsync();
            throw;
        }
        finally
        {
            await sending;
        }
    }

    private async Task EndAsync(CancellationToken cancellationToken)
    {
        await Data.CompleteAsync(cancellationToken);
        await Error.CompleteAsync(cancellationToken);
    }

    private async Task ReceiveAsync(Socket pod, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            while (await pod.ReceiveAsync(buffer.AsMemory(), cancellationToken) is > 0 and var count)
                await Data.WriteAsync(buffer.AsMemory(0, count), cancellationToken);
        }
        catch (SocketException)
        {
            // The pod cut the connection; the client sees its end.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task SendAsync(Socket pod, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        var takes = true;
        try
        {
            // What the pod does not take any more is dropped: left where it is it would hold up the session's other connections.
            while (await Data.Input.ReadAsync(buffer.AsMemory(), cancellationToken) is > 0 and var count)
                takes = takes && await TrySendAsync(pod, buffer.AsMemory(0, count), cancellationToken);
            if (takes) pod.Shutdown(SocketShutdown.Send);
        }
        catch (Exception exception) when (exception is OperationCanceledException or SocketException or ObjectDisposedException)
        {
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static async ValueTask<bool> TrySendAsync(Socket pod, ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        try
        {
            while (!bytes.IsEmpty) bytes = bytes[await pod.SendAsync(bytes, cancellationToken)..];
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}

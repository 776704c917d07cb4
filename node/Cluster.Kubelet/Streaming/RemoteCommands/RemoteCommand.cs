using System.Buffers;
using Cluster.Containers;

namespace Cluster.Kubelet.Streaming.RemoteCommands;

/// <summary>Ties a process in a container to its client's streams until it ends.</summary>
internal sealed class RemoteCommand(IContainerSession process, RemoteCommandStreams streams)
{
    private const int BufferBytes = 32 * 1024;

    /// <summary>The exit code, once all output is with the client.</summary>
    /// <exception cref="IOException">The client went away.</exception>
    /// <exception cref="RuntimeException">The engine failed.</exception>
    public async Task<int> RunAsync(CancellationToken gone)
    {
        using var ended = CancellationTokenSource.CreateLinkedTokenSource(gone);
        var input = SendInputAsync(ended.Token);
        var sizes = ResizeAsync(ended.Token);
        try
        {
            await CopyOutputAsync(gone);
            if (streams.Stdout is not null) await streams.Stdout.CompleteAsync(gone);
            if (streams.Stderr is not null) await streams.Stderr.CompleteAsync(gone);
            return await process.WaitAsync(gone);
        }
        finally
        {
            await ended.CancelAsync();
            await Task.WhenAll(input, sizes);
        }
    }

    private async Task CopyOutputAsync(CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            while (await process.ReadAsync(buffer, cancellationToken) is { Count: > 0 } read)
            {
                var stream = read.IsError ? streams.Stderr : streams.Stdout;
                if (stream is not null) await stream.WriteAsync(buffer.AsMemory(0, read.Count), cancellationToken);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async Task SendInputAsync(CancellationToken cancellationToken)
    {
        if (streams.Stdin is null) return;
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        var takes = true;
        try
        {
            // What the process does not take any more is dropped: left where it is it would hold up the session.
            while (await streams.Stdin.Input.ReadAsync(buffer.AsMemory(), cancellationToken) is > 0 and var count)
                takes = takes && await TrySendAsync(buffer.AsMemory(0, count), cancellationToken);
            process.CloseInput();
        }
        catch (OperationCanceledException)
        {
            // The process ended, or its client went away.
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private async ValueTask<bool> TrySendAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken)
    {
        try
        {
            await process.WriteAsync(bytes, cancellationToken);
            return true;
        }
        catch (RuntimeException)
        {
            return false;
        }
    }

    private async Task ResizeAsync(CancellationToken cancellationToken)
    {
        if (streams.Resize is null) return;
        try
        {
            await foreach (var (width, height) in TerminalSizes.ReadAsync(streams.Resize.Input, cancellationToken))
                await TryResizeAsync(width, height, cancellationToken);
        }
        catch (OperationCanceledException)
        {
        }
    }

    private async Task TryResizeAsync(int width, int height, CancellationToken cancellationToken)
    {
        try
        {
            await process.ResizeAsync(width, height, cancellationToken);
        }
        catch (RuntimeException)
        {
            // A process that is just ending has no terminal; its size is nobody's concern then.
        }
    }
}

namespace Cluster.Containers.Docker;

/// <summary>
/// The streams of a container's first process, ended by its end: the engine never ends streams that it joined to a process which was
/// just gone, and tells nobody.
/// </summary>
/// <param name="streams">The streams.</param>
/// <param name="exit">Completes when the container runs no more, or when that can't be told any longer.</param>
/// <param name="watch">Ends the wait for the exit; disposed with the session.</param>
internal sealed class AttachedSession(IContainerSession streams, Task exit, CancellationTokenSource watch) : IContainerSession
{
    // What the process wrote last is with us long before; only a stream that will never end is silent for so long after the exit.
    private static readonly TimeSpan Silence = TimeSpan.FromSeconds(1);

    private bool anyOutput;

    /// <summary>Reads what comes, and after the container's exit until nothing comes any more.</summary>
    /// <exception cref="RuntimeException">The container ended before its streams were joined: its output is in its log alone.</exception>
    public async ValueTask<SessionOutput> ReadAsync(byte[] buffer, CancellationToken cancellationToken)
    {
        using var silent = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var read = streams.ReadAsync(buffer, silent.Token).AsTask();
        await Task.WhenAny(read, exit);
        if (!read.IsCompleted) silent.CancelAfter(Silence);
        try
        {
            var output = await read;
            anyOutput |= output.Count > 0;
            return output;
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return anyOutput ? default : throw new RuntimeException(RuntimeFailure.Conflict, "container not running: it ended while it was attached to");
        }
    }

    public ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken) => streams.WriteAsync(bytes, cancellationToken);

    public void CloseInput() => streams.CloseInput();

    public Task ResizeAsync(int width, int height, CancellationToken cancellationToken) => streams.ResizeAsync(width, height, cancellationToken);

    public Task<int> WaitAsync(CancellationToken cancellationToken) => streams.WaitAsync(cancellationToken);

    public async ValueTask DisposeAsync()
    {
        await watch.CancelAsync();
        await streams.DisposeAsync();
        await exit;
        watch.Dispose();
    }
}

namespace Cluster.Containers;

/// <summary>A running command, or a container attached to, by its streams.</summary>
/// <remarks>
/// One reader, one writer and one who resizes may use it at the same time. Failures are <see cref="RuntimeException"/>s. Disposal lets go
/// of the streams: a command that still runs is told so by a hang-up if it has a terminal, and by the end of its input otherwise.
/// </remarks>
public interface IContainerSession : IAsyncDisposable
{
    /// <summary>Reads what the process writes, in pieces as they come. The buffer is the caller's again when this returns.</summary>
    ValueTask<SessionOutput> ReadAsync(byte[] buffer, CancellationToken cancellationToken);

    /// <summary>Writes to the process's input; waits while it does not read.</summary>
    ValueTask WriteAsync(ReadOnlyMemory<byte> bytes, CancellationToken cancellationToken);

    /// <summary>Ends the process's input; its output goes on.</summary>
    void CloseInput();

    /// <summary>Sets the terminal's size in characters. Without a terminal it does nothing.</summary>
    Task ResizeAsync(int width, int height, CancellationToken cancellationToken);

    /// <summary>Waits for the command's end. Of an attached container, 0 at once: its end is the pod's affair.</summary>
    Task<int> WaitAsync(CancellationToken cancellationToken);
}

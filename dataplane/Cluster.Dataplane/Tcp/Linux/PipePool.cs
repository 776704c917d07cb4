using Cluster.Dataplane.Linux;

namespace Cluster.Dataplane.Tcp.Linux;

/// <summary>The pipes of a loop's streams. A stream has one only while bytes are on their way through it, so a few serve many.</summary>
/// <param name="limit">Pipes there may be.</param>
/// <param name="create">Makes one, or null where descriptors or memory are out.</param>
/// <param name="time">For the rest after that.</param>
/// <remarks>Used by its loop's thread alone.</remarks>
internal sealed class PipePool(int limit, Func<SplicePipe?> create, TimeProvider time) : IDisposable
{
    /// <summary>Empty pipes kept for the next stream: one serves all that flow, more are there after several were held back by slow readers.</summary>
    private const int KeptFree = 8;

    private static readonly TimeSpan Rest = TimeSpan.FromSeconds(1);

    private readonly Stack<SplicePipe> _free = new(KeptFree);
    private long? _refusedAt;

    /// <summary>Pipes there are, in use or free.</summary>
    public int Count { get; private set; }

    /// <summary>An empty pipe, or null where there are as many as allowed, or descriptors were out a moment ago.</summary>
    public SplicePipe? TryRent()
    {
        if (_free.TryPop(out SplicePipe? pipe)) return pipe;
        if (Count >= limit || (_refusedAt is { } refused && time.GetElapsedTime(refused) < Rest)) return null;
        pipe = create();
        _refusedAt = pipe is null ? time.GetTimestamp() : null;
        if (pipe is not null) Count++;
        return pipe;
    }

    /// <summary>Takes a pipe back. One that still holds bytes, of a connection that was reset, is closed.</summary>
    public void Return(SplicePipe pipe)
    {
        if (pipe.Held == 0 && _free.Count < KeptFree) _free.Push(pipe);
        else Close(pipe);
    }

    /// <summary>Closes the pipes that nobody uses, and makes none for a moment: the descriptors are needed elsewhere.</summary>
    public void Trim()
    {
        _refusedAt = time.GetTimestamp();
        while (_free.TryPop(out SplicePipe? pipe)) Close(pipe);
    }

    public void Dispose() => Trim();

    private void Close(SplicePipe pipe)
    {
        pipe.Dispose();
        Count--;
    }
}

using System.Collections.Concurrent;

namespace Cluster.Dataplane.Linux;

/// <summary>What other threads ask a loop to do. Any thread posts; the loop's thread runs.</summary>
internal sealed class LoopInbox<TLoop> : IDisposable
{
    private readonly ConcurrentQueue<Action<TLoop>> _posted = new();
    private readonly EventFd _wake = new();

    /// <summary>Readable while something waits.</summary>
    public int Descriptor => _wake.Descriptor;

    public void Post(Action<TLoop> action)
    {
        _posted.Enqueue(action);
        _wake.Signal();
    }

    /// <summary>Does what waits, in the order it was posted.</summary>
    public void Run(TLoop loop)
    {
        _wake.Clear();
        while (_posted.TryDequeue(out Action<TLoop>? action)) action(loop);
    }

    public void Dispose() => _wake.Dispose();
}

using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using Cluster.ApiServer.Hosting.Linux;

namespace Cluster.ApiServer.Hosting;

/// <summary>
/// Threads that compute handshakes and let the requests of those who are connected go before them: a step is some milliseconds, and on the pool's
/// threads each request would wait for one at each of its own steps.
/// </summary>
/// <remarks>Safe for concurrent use. What waits when they are disposed goes on the pool's threads.</remarks>
internal sealed class HandshakeThreads : IDisposable
{
    /// <summary>A tenth of a core that requests want whole: some dozens of handshakes a second still.</summary>
    private const int Niceness = 10;

    private readonly BlockingCollection<Action> _steps = [];

    /// <param name="count">Of threads.</param>
    public HandshakeThreads(int count)
    {
        for (var i = 0; i < count; i++)
            new Thread(Run) { Name = "TLS handshakes", IsBackground = true }.Start();
    }

    /// <summary>What follows the await runs on one of these threads.</summary>
    public Switch SwitchAsync() => new(this);

    public void Dispose() => _steps.CompleteAdding();

    private void Run()
    {
        ThreadNiceness.Raise(Niceness);
        foreach (var step in _steps.GetConsumingEnumerable())
            step();
    }

    private void Add(Action step)
    {
        try
        {
            _steps.Add(step);
        }
        catch (InvalidOperationException)
        {
            // Disposed meanwhile.
            ThreadPool.UnsafeQueueUserWorkItem(static state => state(), step, preferLocal: false);
        }
    }

    /// <summary>For await alone.</summary>
    internal readonly struct Switch(HandshakeThreads threads) : ICriticalNotifyCompletion
    {
        public bool IsCompleted => false;

        public Switch GetAwaiter() => this;

        public void GetResult()
        {
            // Nothing to tell.
        }

        public void OnCompleted(Action continuation) => threads.Add(continuation);

        public void UnsafeOnCompleted(Action continuation) => threads.Add(continuation);
    }
}

namespace Cluster.Client;

/// <summary>Keys waiting to be worked on, with the rules that make level-triggered controllers safe.</summary>
/// <remarks>
/// A key is in the queue at most once however often it is added, and is worked on by one worker at a time: added while a worker has it, it
/// comes back after <see cref="Done"/>. Every key taken must be given back by <see cref="Done"/>. Safe for concurrent use.
/// </remarks>
public sealed class WorkQueue<TKey> : IDisposable
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly LinkedList<TKey> _order = [];

    // Since when.
    private readonly Dictionary<TKey, long> _dirty = [];
    private readonly Dictionary<TKey, long> _processing = [];
    private readonly SemaphoreSlim _available = new(0);
    private readonly IRateLimiter<TKey> _limiter;
    private readonly DelayedKeys<TKey> _delayed;
    private readonly TimeProvider _time;
    private readonly WorkQueueMetrics? _metrics;

    /// <param name="time">The clock of delays.</param>
    /// <param name="name">What its metrics (<c>workqueue_*</c>) are told by; null: it has none.</param>
    public WorkQueue(TimeProvider time, string? name = null)
        : this(time, RateLimiters.Default<TKey>(time), name)
    {
    }

    /// <param name="time">The clock of delays.</param>
    /// <param name="limiter">Says how long a key that failed waits.</param>
    /// <param name="name">What its metrics (<c>workqueue_*</c>) are told by; null: it has none.</param>
    public WorkQueue(TimeProvider time, IRateLimiter<TKey> limiter, string? name = null)
    {
        _limiter = limiter;
        _time = time;
        _delayed = new(time, Add);
        _metrics = name is null ? null : new WorkQueueMetrics(name, time, UnderWay);
    }

    /// <summary>Keys ready to be taken.</summary>
    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _order.Count;
            }
        }
    }

    public void Add(TKey key)
    {
        lock (_lock)
        {
            if (!_dirty.TryAdd(key, _time.GetTimestamp()))
            {
                return;
            }

            _metrics?.Added();
            if (_processing.ContainsKey(key))
            {
                return;
            }

            _order.AddLast(key);
        }

        _available.Release();
    }

    /// <summary>Adds after a delay; of several delays of one key the first to end counts.</summary>
    public void AddAfter(TKey key, TimeSpan delay)
    {
        if (delay <= TimeSpan.Zero)
        {
            Add(key);
            return;
        }

        _delayed.Add(key, delay);
    }

    /// <summary>Adds after the delay that the key's failures have earned.</summary>
    public void AddRateLimited(TKey key)
    {
        _metrics?.Retried();
        AddAfter(key, _limiter.When(key));
    }

    /// <summary>Forgets the key's failures. It does not take the key out of the queue.</summary>
    public void Forget(TKey key) => _limiter.Forget(key);

    /// <summary>How often the key was added rate limited since it was forgotten.</summary>
    public int Retries(TKey key) => _limiter.Retries(key);

    /// <summary>The next key, when there is one.</summary>
    /// <exception cref="OperationCanceledException">Cancelled while waiting.</exception>
    public async ValueTask<TKey> GetAsync(CancellationToken cancellationToken)
    {
        await _available.WaitAsync(cancellationToken);
        lock (_lock)
        {
            var key = _order.First!.Value;
            _order.RemoveFirst();
            _dirty.Remove(key, out var added);
            _metrics?.Taken(added);
            _processing.Add(key, _time.GetTimestamp());
            return key;
        }
    }

    /// <summary>The worker is finished with the key.</summary>
    public void Done(TKey key)
    {
        lock (_lock)
        {
            if (_processing.Remove(key, out var taken))
            {
                _metrics?.Done(taken);
            }

            if (!_dirty.ContainsKey(key))
            {
                return;
            }

            _order.AddLast(key);
        }

        _available.Release();
    }

    /// <summary>Ends the delays. The semaphore needs no disposal, and a delay that is ending just now may still release it.</summary>
    public void Dispose()
    {
        _delayed.Dispose();
        _metrics?.Dispose();
    }

    private long[] UnderWay()
    {
        lock (_lock)
        {
            return [.. _processing.Values];
        }
    }
}

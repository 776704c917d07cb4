namespace Cluster.Client;

/// <summary>Keys that become due later, by one timer.</summary>
internal sealed class DelayedKeys<TKey> : IDisposable
    where TKey : notnull
{
    private readonly Lock _lock = new();
    private readonly TimeProvider _time;
    private readonly Action<TKey> _due;
    private readonly ITimer _timer;
    private readonly PriorityQueue<TKey, long> _waiting = new();

    // When each key is due; an entry of the heap that says otherwise was overtaken by an earlier one.
    private readonly Dictionary<TKey, long> _dueAt = [];
    private bool _disposed;

    public DelayedKeys(TimeProvider time, Action<TKey> due)
    {
        _time = time;
        _due = due;
        _timer = time.CreateTimer(static state => ((DelayedKeys<TKey>)state!).Fire(), this, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
    }

    public void Add(TKey key, TimeSpan delay)
    {
        lock (_lock)
        {
            var at = _time.GetTimestamp() + (long)(delay.TotalSeconds * _time.TimestampFrequency);
            if (_disposed || (_dueAt.TryGetValue(key, out var earlier) && earlier <= at))
            {
                return;
            }

            _dueAt[key] = at;
            _waiting.Enqueue(key, at);
            ArmLocked();
        }
    }

    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
        }

        _timer.Dispose();
    }

    private void Fire()
    {
        foreach (var key in TakeDue())
        {
            _due(key);
        }
    }

    private List<TKey> TakeDue()
    {
        lock (_lock)
        {
            var due = new List<TKey>();
            var now = _time.GetTimestamp();
            while (!_disposed && _waiting.TryPeek(out var key, out var at) && at <= now)
            {
                _waiting.Dequeue();
                if (_dueAt.TryGetValue(key, out var current) && current == at)
                {
                    _dueAt.Remove(key);
                    due.Add(key);
                }
            }

            ArmLocked();
            return due;
        }
    }

    private void ArmLocked()
    {
        if (_disposed || !_waiting.TryPeek(out _, out var at))
        {
            return;
        }

        // Timers count whole milliseconds: rounded up, so that the key is due when it fires. One wait is at most a day, then it is looked at again.
        var ms = Math.Ceiling((at - _time.GetTimestamp()) * 1000.0 / _time.TimestampFrequency);
        _timer.Change(TimeSpan.FromMilliseconds(Math.Clamp(ms, 0, 86_400_000)), Timeout.InfiniteTimeSpan);
    }
}

using System.Collections.Concurrent;

namespace Cluster.Dataplane.Tests;

/// <summary>Another clock, and how often it was asked for what.</summary>
internal sealed class CountingTime(TimeProvider inner) : TimeProvider
{
    private readonly ConcurrentQueue<TimeSpan> _timers = new();
    private int _timestamps;

    /// <summary>How often somebody asked for the time that has passed.</summary>
    public int Timestamps => Volatile.Read(ref _timestamps);

    /// <summary>Timers that were made, by when they were first due.</summary>
    public IReadOnlyCollection<TimeSpan> Timers => _timers;

    public override long TimestampFrequency => inner.TimestampFrequency;

    public override TimeZoneInfo LocalTimeZone => inner.LocalTimeZone;

    public override long GetTimestamp()
    {
        Interlocked.Increment(ref _timestamps);
        return inner.GetTimestamp();
    }

    public override DateTimeOffset GetUtcNow() => inner.GetUtcNow();

    public override ITimer CreateTimer(TimerCallback callback, object? state, TimeSpan dueTime, TimeSpan period)
    {
        // First made, then told: who has seen it may move the clock.
        var timer = inner.CreateTimer(callback, state, dueTime, period);
        _timers.Enqueue(dueTime);
        return timer;
    }
}

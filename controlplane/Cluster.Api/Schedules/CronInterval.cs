namespace Cluster.Api.Schedules;

/// <summary>A time again and again, counted from the last one: whole seconds, at least one.</summary>
internal sealed class CronInterval : CronSchedule
{
    private readonly TimeSpan _interval;

    public CronInterval(TimeSpan interval) => _interval = TimeSpan.FromSeconds(Math.Max(1, Math.Floor(interval.TotalSeconds)));

    public override DateTimeOffset? Next(DateTimeOffset after, TimeZoneInfo zone)
    {
        var from = new DateTimeOffset(after.Ticks - (after.Ticks % TimeSpan.TicksPerSecond), after.Offset);
        return DateTimeOffset.MaxValue - from > _interval ? from + _interval : null;
    }

    public override (DateTimeOffset? Last, int Count) Between(DateTimeOffset after, DateTimeOffset until, int limit, TimeZoneInfo zone)
    {
        if (Next(after, zone) is not { } first || first > until)
            return (null, 0);
        var more = (until - first).Ticks / _interval.Ticks;
        return (first + (more * _interval), (int)Math.Min(more, limit) + 1);
    }
}

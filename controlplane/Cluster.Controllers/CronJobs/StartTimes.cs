using Cluster.Api;
using Cluster.Api.BatchV1;
using Cluster.Api.Schedules;

namespace Cluster.Controllers.CronJobs;

/// <summary>Which time of a schedule is due at a moment, and which comes next.</summary>
internal sealed class StartTimes
{
    /// <summary>More than these missed in a row look like a clock that is wrong: it is told, and the last one counts all the same.</summary>
    private const int Bearable = 100;

    public StartTimes(CronJob cron, CronSchedule schedule, TimeZoneInfo zone, DateTimeOffset now)
    {
        var known = (cron.Status.LastScheduleTime ?? cron.Metadata.CreationTimestamp).ToDateTimeOffset();
        var earliest = known;
        if (cron.Spec.HasStartingDeadlineSeconds)
        {
            // By ticks: the deadline may be larger than all the time there was.
            var deadline = now.Ticks - (Math.Min(cron.Spec.StartingDeadlineSeconds, now.Ticks / TimeSpan.TicksPerSecond) * TimeSpan.TicksPerSecond);
            earliest = deadline > known.UtcTicks ? new DateTimeOffset(deadline, TimeSpan.Zero) : known;
        }

        (Due, var count) = earliest > now ? (null, 0) : schedule.Between(earliest, now, Bearable, zone);
        AreTooMany = count > Bearable;
        // Of "@every" the next time is counted from the last one, started or not, and not from the moment somebody looks.
        var last = known > now ? known : schedule.Between(known, now, 0, zone).Last ?? known;
        Next = schedule.Next(last, zone);
    }

    /// <summary>The latest time that has come since the last start, or null.</summary>
    public DateTimeOffset? Due { get; }

    public bool AreTooMany { get; }

    /// <summary>When the next one comes, or null: never.</summary>
    public DateTimeOffset? Next { get; }
}

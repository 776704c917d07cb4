namespace Cluster.Api.Schedules;

/// <summary>
/// Times as cron writes them: five fields (minute, hour, day of month, month, day of week), a name such as <c>@daily</c>, or <c>@every 1h30m</c>.
/// </summary>
/// <remarks>
/// Read as Kubernetes' parser reads it, which public libraries do not: days of month and week of which neither is a star are alternatives,
/// ranges do not wrap, Sunday is 0 only. An hour that a change of the clock leaves out has no times, one that comes twice has them twice.
/// Immutable.
/// </remarks>
public abstract class CronSchedule
{
    /// <exception cref="FormatException">It is no schedule; the message is that of Kubernetes' parser.</exception>
    public static CronSchedule Parse(string schedule)
    {
        schedule = WithoutZone(schedule);
        return schedule.StartsWith('@') ? CronDescriptor.Parse(schedule) : CronFields.Parse(schedule);
    }

    /// <summary>What is wrong with a schedule, or null when it is good.</summary>
    public static string? Error(string schedule)
    {
        try
        {
            Parse(schedule);
            return null;
        }
        catch (FormatException error)
        {
            return error.Message;
        }
    }

    /// <summary>The first time after another, in whole seconds; null: there is none in the next five years.</summary>
    /// <param name="after">The other time.</param>
    /// <param name="zone">Whose clock the fields speak of.</param>
    public abstract DateTimeOffset? Next(DateTimeOffset after, TimeZoneInfo zone);

    /// <summary>The times from <paramref name="after"/>, exclusive, to <paramref name="until"/>, inclusive: the last one, and how many there are.</summary>
    /// <returns>The count is that of the limit and one more where there are more than it; null and 0 where there are none.</returns>
    public abstract (DateTimeOffset? Last, int Count) Between(DateTimeOffset after, DateTimeOffset until, int limit, TimeZoneInfo zone);

    // Such a prefix is refused where schedules are checked, for a reason of its own.
    private static string WithoutZone(string schedule)
    {
        if (!schedule.StartsWith("TZ=", StringComparison.Ordinal) && !schedule.StartsWith("CRON_TZ=", StringComparison.Ordinal))
            return schedule;
        var space = schedule.IndexOf(' ', StringComparison.Ordinal);
        return space < 0 ? "" : schedule[space..].Trim();
    }
}

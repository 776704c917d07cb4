using Cluster.Api.MetaV1;

namespace Cluster.Api.Tables;

/// <summary>Durations as people read them: two units while they are young, one when they are old.</summary>
public static class AgeText
{
    private const int DaysPerYear = 365;
    private const string Unknown = "<unknown>";

    /// <summary>The age of a moment; unset is unknown.</summary>
    public static string Since(Time? time, DateTimeOffset now) => time.IsZero() ? Unknown : Of(now - time!.ToDateTimeOffset());

    /// <inheritdoc cref="Since(Time?, DateTimeOffset)"/>
    public static string Since(MicroTime? time, DateTimeOffset now) => time.IsZero() ? Unknown : Of(now - time!.ToDateTimeOffset());

    /// <summary><c>5s</c>, <c>2m30s</c>, <c>45m</c>, <c>7h5m</c>, <c>30h</c>, <c>3d4h</c>, <c>90d</c>, <c>2y10d</c>.</summary>
    /// <remarks>A clock may run a second behind: that is now. More is a moment in the future, and invalid.</remarks>
    public static string Of(TimeSpan age)
    {
        var seconds = (long)age.TotalSeconds;
        var (minutes, hours) = ((long)age.TotalMinutes, (long)age.TotalHours);
        return seconds switch
        {
            < -1 => "<invalid>",
            < 0 => "0s",
            < 120 => $"{seconds}s",
            _ when minutes < 10 => Two(minutes, "m", seconds % 60, "s"),
            _ when minutes < 180 => $"{minutes}m",
            _ when hours < 8 => Two(hours, "h", minutes % 60, "m"),
            _ when hours < 48 => $"{hours}h",
            _ when hours < 192 => Two(hours / 24, "d", hours % 24, "h"),
            _ when hours < 24 * DaysPerYear * 2 => $"{hours / 24}d",
            _ when hours < 24 * DaysPerYear * 8 => Two(hours / 24 / DaysPerYear, "y", hours / 24 % DaysPerYear, "d"),
            _ => $"{hours / 24 / DaysPerYear}y",
        };
    }

    private static string Two(long large, string largeUnit, long small, string smallUnit) =>
        small == 0 ? $"{large}{largeUnit}" : $"{large}{largeUnit}{small}{smallUnit}";
}

using Cluster.Api.MetaV1;

namespace Cluster.Api;

/// <summary>The API's times as .NET's. The zero time of the API (an empty message) is the year 1.</summary>
public static class Times
{
    private const int NanosPerTick = 100;

    /// <summary>Whole seconds: what the API keeps of a <see cref="Time"/>.</summary>
    public static Time ToTime(this DateTimeOffset time) => new() { Seconds = FloorSeconds(time) };

    /// <summary>Whole microseconds: what the API keeps of a <see cref="MicroTime"/>.</summary>
    public static MicroTime ToMicroTime(this DateTimeOffset time)
    {
        var seconds = FloorSeconds(time);
        var ticks = time.UtcTicks - DateTimeOffset.UnixEpoch.Ticks - (seconds * TimeSpan.TicksPerSecond);
        return new MicroTime { Seconds = seconds, Nanos = (int)(ticks / TimeSpan.TicksPerMicrosecond) * 1000 };
    }

    public static DateTimeOffset ToDateTimeOffset(this Time time) =>
        time.IsZero() ? DateTimeOffset.MinValue : DateTimeOffset.FromUnixTimeSeconds(time.Seconds).AddTicks(time.Nanos / NanosPerTick);

    public static DateTimeOffset ToDateTimeOffset(this MicroTime time) =>
        time.IsZero() ? DateTimeOffset.MinValue : DateTimeOffset.FromUnixTimeSeconds(time.Seconds).AddTicks(time.Nanos / NanosPerTick);

    /// <summary>The time is absent or the zero time, which JSON shows as null.</summary>
    public static bool IsZero(this Time? time) => time is null || IsZero(time.HasSeconds, time.Seconds, time.Nanos);

    /// <inheritdoc cref="IsZero(Time?)"/>
    public static bool IsZero(this MicroTime? time) => time is null || IsZero(time.HasSeconds, time.Seconds, time.Nanos);

    private static bool IsZero(bool hasSeconds, long seconds, int nanos) =>
        nanos == 0 && (!hasSeconds || seconds == DateTimeOffset.MinValue.ToUnixTimeSeconds());

    private static long FloorSeconds(DateTimeOffset time) => time.ToUnixTimeSeconds();
}

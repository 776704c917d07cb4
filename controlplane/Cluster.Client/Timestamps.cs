using Cluster.Api.MetaV1;

namespace Cluster.Client;

/// <summary>Clock times as the API writes them: Time in whole seconds, MicroTime in microseconds.</summary>
internal static class Timestamps
{
    public static Time ToTime(this DateTimeOffset time) => new() { Seconds = time.ToUnixTimeSeconds() };

    public static MicroTime ToMicroTime(this DateTimeOffset time) =>
        new() { Seconds = time.ToUnixTimeSeconds(), Nanos = (int)(time.UtcTicks % TimeSpan.TicksPerSecond / 10 * 1000) };
}

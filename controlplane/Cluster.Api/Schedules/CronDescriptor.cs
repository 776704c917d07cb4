using Cluster.Api.Json;
using Cluster.Api.Json.Forms;

namespace Cluster.Api.Schedules;

/// <summary>Schedules that have names.</summary>
internal static class CronDescriptor
{
    private const string Every = "@every ";

    public static CronSchedule Parse(string text)
    {
        if (text.StartsWith(Every, StringComparison.Ordinal))
            return new CronInterval(Duration(text));
        var fields = text switch
        {
            "@yearly" or "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" or "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            _ => throw new FormatException($"unrecognized descriptor: {text}"),
        };
        return CronFields.Parse(fields);
    }

    private static TimeSpan Duration(string text)
    {
        try
        {
            return TimeSpan.FromTicks(DurationText.Parse(text[Every.Length..]) / TimeSpan.NanosecondsPerTick);
        }
        catch (JsonDecodeException error)
        {
            throw new FormatException($"failed to parse duration {text}: {error.Message}", error);
        }
    }
}

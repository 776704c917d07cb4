using System.Globalization;
using Cluster.Api.Json;
using Cluster.Api.Json.Forms;

namespace Cluster.Api.Schedules;

/// <summary>Times of day as cron writes them: five fields, or one of the names such as <c>@daily</c> and <c>@every 1h30m</c>.</summary>
public static class CronFormat
{
    private static readonly string[] Names = ["@yearly", "@annually", "@monthly", "@weekly", "@daily", "@midnight", "@hourly"];
    private static readonly string[] Months = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];
    private static readonly string[] Days = ["sun", "mon", "tue", "wed", "thu", "fri", "sat"];

    private static readonly Field[] Fields =
        [new(0, 59, [], 0), new(0, 23, [], 0), new(1, 31, [], 0), new(1, 12, Months, 1), new(0, 6, Days, 0)];

    /// <summary>The values a field may have, and their names, the first of which stands for <paramref name="FirstName"/>.</summary>
    private sealed record Field(int Min, int Max, string[] Names, int FirstName);

    /// <summary>What is wrong with a schedule, in the words of the parser Kubernetes uses; null when it is good.</summary>
    public static string? Error(string schedule)
    {
        if (schedule.StartsWith("TZ=", StringComparison.Ordinal) || schedule.StartsWith("CRON_TZ=", StringComparison.Ordinal))
        {
            var space = schedule.IndexOf(' ', StringComparison.Ordinal);
            schedule = space < 0 ? "" : schedule[space..].Trim();
        }
        if (schedule.StartsWith('@'))
            return DescriptorError(schedule);

        var fields = schedule.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (fields.Length != Fields.Length)
            return $"expected exactly {Fields.Length} fields, found {fields.Length}: [{string.Join(' ', fields)}]";
        return fields.Zip(Fields).Select(pair => FieldError(pair.First, pair.Second)).FirstOrDefault(error => error is not null);
    }

    private static string? DescriptorError(string descriptor)
    {
        const string every = "@every ";
        if (!descriptor.StartsWith(every, StringComparison.Ordinal))
            return Names.Contains(descriptor) ? null : $"unrecognized descriptor: {descriptor}";
        try
        {
            DurationText.Parse(descriptor[every.Length..]);
            return null;
        }
        catch (JsonDecodeException error)
        {
            return $"failed to parse duration {descriptor}: {error.Message}";
        }
    }

    private static string? FieldError(string text, Field field) =>
        text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(range => RangeError(range, field)).FirstOrDefault(error => error is not null);

    private static string? RangeError(string text, Field field)
    {
        var rangeAndStep = text.Split('/');
        var ends = rangeAndStep[0].Split('-');
        var (low, high) = (field.Min, field.Max);
        if (ends[0] is not ("*" or "?"))
        {
            if (!TryNumber(ends[0], field, out low, out var error))
                return error;
            high = low;
            if (ends.Length == 2 && !TryNumber(ends[1], field, out high, out error))
                return error;
            if (ends.Length > 2)
                return $"too many hyphens: {text}";
        }

        if (rangeAndStep.Length > 2)
            return $"too many slashes: {text}";
        var step = 1;
        if (rangeAndStep.Length == 2)
        {
            if (!TryNumber(rangeAndStep[1], new Field(0, 0, [], 0), out step, out var error))
                return error;
            // "N/step" means "N-max/step".
            high = ends.Length == 1 ? field.Max : high;
        }

        return low < field.Min ? $"beginning of range ({low}) below minimum ({field.Min}): {text}"
            : high > field.Max ? $"end of range ({high}) above maximum ({field.Max}): {text}"
            : low > high ? $"beginning of range ({low}) beyond end of range ({high}): {text}"
            : step == 0 ? $"step of range should be a positive number: {text}"
            : null;
    }

    private static bool TryNumber(string text, Field field, out int number, out string? error)
    {
        error = null;
        var name = Array.IndexOf(field.Names, text.ToLowerInvariant());
        if (name >= 0)
        {
            number = name + field.FirstName;
            return true;
        }

        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out number))
            error = $"failed to parse int from {text}: strconv.Atoi: parsing {GoText.Quote(text)}: invalid syntax";
        else if (number < 0)
            error = $"negative number ({number}) not allowed: {text}";
        return error is null;
    }
}

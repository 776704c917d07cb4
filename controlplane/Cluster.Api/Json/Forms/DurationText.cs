using System.Buffers;
using System.Globalization;
using System.Text;

namespace Cluster.Api.Json.Forms;

/// <summary>Durations as Go writes and reads them: nanoseconds, and text such as <c>1h2m3.5s</c> or <c>250ms</c>.</summary>
internal static class DurationText
{
    private const long Microsecond = 1_000;
    private const long Millisecond = 1_000_000;
    private const long Second = 1_000_000_000;
    private const long Minute = 60 * Second;
    private const long Hour = 60 * Minute;

    private static readonly SearchValues<char> NumberCharacters = SearchValues.Create("0123456789.");

    public static string Format(long nanos)
    {
        if (nanos == 0)
            return "0s";
        var size = nanos < 0 ? 0UL - (ulong)nanos : (ulong)nanos;
        var text = new StringBuilder(nanos < 0 ? "-" : "");
        if (size < Second)
            return text.Append(Subsecond(size)).ToString();
        var minutes = size / (ulong)Minute;
        if (minutes >= 60)
            text.Append(CultureInfo.InvariantCulture, $"{minutes / 60}h");
        if (minutes > 0)
            text.Append(CultureInfo.InvariantCulture, $"{minutes % 60}m");
        return text.Append(Decimal(size % (ulong)Minute, Second)).Append('s').ToString();
    }

    /// <exception cref="JsonDecodeException">The text is no duration.</exception>
    public static long Parse(string text)
    {
        var rest = text.AsSpan();
        var negative = !rest.IsEmpty && rest[0] == '-';
        if (!rest.IsEmpty && rest[0] is '+' or '-')
            rest = rest[1..];
        if (rest is "0")
            return 0;
        if (rest.IsEmpty)
            throw Invalid(text);
        decimal total = 0;
        // No part is longer than the whole may be, and so many parts no text has that their sum would not fit.
        while (!rest.IsEmpty)
            total += Part(text, ref rest);
        return total <= long.MaxValue ? (negative ? -(long)total : (long)total) : throw Invalid(text);
    }

    private static decimal Part(string text, ref ReadOnlySpan<char> rest)
    {
        var length = rest.IndexOfAnyExcept(NumberCharacters);
        var number = length < 0 ? rest : rest[..length];
        if (!decimal.TryParse(number, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value))
            throw Invalid(text);
        rest = rest[number.Length..];
        var unitLength = rest.IndexOfAny(NumberCharacters);
        var unit = unitLength < 0 ? rest : rest[..unitLength];
        rest = rest[unit.Length..];
        var size = unit switch
        {
            "ns" => 1,
            "us" or "\u00b5s" or "\u03bcs" => Microsecond,
            "ms" => Millisecond,
            "s" => Second,
            "m" => Minute,
            "h" => Hour,
            "" => throw new JsonDecodeException($"time: missing unit in duration \"{text}\""),
            _ => throw new JsonDecodeException($"time: unknown unit \"{unit}\" in duration \"{text}\""),
        };
        return value <= long.MaxValue / size ? Math.Floor(value * size) : throw Invalid(text);
    }

    private static string Subsecond(ulong nanos) => nanos switch
    {
        < Microsecond => $"{nanos}ns",
        < Millisecond => Decimal(nanos, Microsecond) + "\u00b5s",
        _ => Decimal(nanos, Millisecond) + "ms",
    };

    private static string Decimal(ulong nanos, long unit) => ((decimal)nanos / unit).ToString("0.#########", CultureInfo.InvariantCulture);

    private static JsonDecodeException Invalid(string text) => new($"time: invalid duration \"{text}\"");
}

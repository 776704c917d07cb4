using System.Globalization;
using Cluster.Api.Json.Forms;

namespace Cluster.Api.Schedules;

/// <summary>What one field of a schedule may be: its bounds, and the names of its values, the first of which is the least one.</summary>
internal sealed record CronField(int Min, int Max, params string[] Names)
{
    /// <summary>Values as bits, and whether any value would do because a star stands there.</summary>
    public readonly record struct Values(ulong Bits, bool IsAny)
    {
        public bool Has(int value) => (Bits >> value & 1) != 0;
    }

    /// <exception cref="FormatException">In the words of Kubernetes' parser.</exception>
    public Values Parse(string text)
    {
        var ranges = text.Split(',', StringSplitOptions.RemoveEmptyEntries).Select(ParseRange).ToList();
        return new Values(ranges.Aggregate(0UL, (all, one) => all | one.Bits), ranges.Any(range => range.IsAny));
    }

    private Values ParseRange(string text)
    {
        var rangeAndStep = text.Split('/');
        var ends = rangeAndStep[0].Split('-');
        var isAny = ends[0] is "*" or "?";
        var low = isAny ? Min : Number(ends[0]);
        var high = isAny ? Max : ends.Length == 2 ? Number(ends[1]) : low;
        if (!isAny && ends.Length > 2)
            throw new FormatException($"too many hyphens: {text}");
        if (rangeAndStep.Length > 2)
            throw new FormatException($"too many slashes: {text}");
        var step = 1;
        if (rangeAndStep.Length == 2)
        {
            step = Whole(rangeAndStep[1]);
            // "N/step" means "N-max/step"; and of a star with a step not every value would do.
            high = ends.Length == 1 ? Max : high;
            isAny &= step <= 1;
        }

        CheckRange(text, low, high, step);
        return new Values(Bits(low, high, step), isAny);
    }

    private void CheckRange(string text, int low, int high, int step)
    {
        var problem = low < Min ? $"beginning of range ({low}) below minimum ({Min}): {text}"
            : high > Max ? $"end of range ({high}) above maximum ({Max}): {text}"
            : low > high ? $"beginning of range ({low}) beyond end of range ({high}): {text}"
            : step == 0 ? $"step of range should be a positive number: {text}"
            : null;
        if (problem is not null)
            throw new FormatException(problem);
    }

    private static ulong Bits(int low, int high, int step)
    {
        var bits = 0UL;
        for (long value = low; value <= high; value += step)
            bits |= 1UL << (int)value;
        return bits;
    }

    private int Number(string text)
    {
        var name = Array.IndexOf(Names, text.ToLowerInvariant());
        return name >= 0 ? name + Min : Whole(text);
    }

    private static int Whole(string text)
    {
        if (!int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number))
            throw new FormatException($"failed to parse int from {text}: strconv.Atoi: parsing {GoText.Quote(text)}: invalid syntax");
        return number >= 0 ? number : throw new FormatException($"negative number ({number}) not allowed: {text}");
    }
}

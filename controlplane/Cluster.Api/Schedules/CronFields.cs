namespace Cluster.Api.Schedules;

/// <summary>The schedule of five fields.</summary>
internal sealed class CronFields : CronSchedule
{
    private const int YearsAhead = 5;

    private static readonly CronField Minutes = new(0, 59);
    private static readonly CronField Hours = new(0, 23);
    private static readonly CronField Days = new(1, 31);
    private static readonly CronField Months = new(1, 12, "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec");
    private static readonly CronField Weekdays = new(0, 6, "sun", "mon", "tue", "wed", "thu", "fri", "sat");
    private static readonly CronField[] Order = [Minutes, Hours, Days, Months, Weekdays];

    private readonly CronField.Values _minutes;
    private readonly CronField.Values _hours;
    private readonly CronField.Values _days;
    private readonly CronField.Values _months;
    private readonly CronField.Values _weekdays;

    private CronFields(CronField.Values[] values) => (_minutes, _hours, _days, _months, _weekdays) = (values[0], values[1], values[2], values[3], values[4]);

    public static new CronFields Parse(string text)
    {
        var fields = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        return fields.Length == Order.Length
            ? new CronFields([.. fields.Zip(Order, (field, rules) => rules.Parse(field))])
            : throw new FormatException($"expected exactly {Order.Length} fields, found {fields.Length}: [{string.Join(' ', fields)}]");
    }

    public override DateTimeOffset? Next(DateTimeOffset after, TimeZoneInfo zone)
    {
        // A field of commas alone allows nothing.
        if (_minutes.Bits == 0 || _hours.Bits == 0 || _months.Bits == 0)
            return null;
        var end = after.UtcDateTime.Year + YearsAhead;
        var at = NextMinute(after.UtcDateTime);
        while (at.Year <= end)
        {
            var local = TimeZoneInfo.ConvertTimeFromUtc(at, zone);
            if (FirstMiss(local) is not { } later)
                return new DateTimeOffset(at, TimeSpan.Zero);
            at = later == local.AddMinutes(1) ? at.AddMinutes(1) : Later(at, local, later, zone);
        }

        return null;
    }

    public override (DateTimeOffset? Last, int Count) Between(DateTimeOffset after, DateTimeOffset until, int limit, TimeZoneInfo zone)
    {
        DateTimeOffset? last = null;
        for (var count = 0; count <= limit; count++)
        {
            if (Next(last ?? after, zone) is not { } next || next > until)
                return (last, count);
            last = next;
        }

        return (LastBefore(until, last!.Value, zone), limit + 1);
    }

    /// <summary>The last time up to another, by halves: there may be millions between the two.</summary>
    private DateTimeOffset LastBefore(DateTimeOffset until, DateTimeOffset known, TimeZoneInfo zone)
    {
        // None is after the end.
        for (var end = until; end - known >= TimeSpan.FromMinutes(1);)
        {
            var middle = known + ((end - known) / 2);
            if (Next(middle, zone) is { } later && later <= until)
                known = later;
            else
                end = middle;
        }

        return known;
    }

    /// <summary>The local time up to which nothing fits, or null: this minute fits.</summary>
    private DateTime? FirstMiss(DateTime local) =>
        !_months.Has(local.Month) ? new DateTime(local.Year, local.Month, 1).AddMonths(1)
        : !IsDay(local) ? local.Date.AddDays(1)
        : !_hours.Has(local.Hour) ? local.Date.AddHours(local.Hour + 1)
        : !_minutes.Has(local.Minute) ? local.AddMinutes(1)
        : null;

    private bool IsDay(DateTime local)
    {
        var (day, weekday) = (_days.Has(local.Day), _weekdays.Has((int)local.DayOfWeek));
        return _days.IsAny || _weekdays.IsAny ? day && weekday : day || weekday;
    }

    /// <summary>The instant a local time comes; always later than <paramref name="at"/>, whatever the clocks do between.</summary>
    private static DateTime Later(DateTime at, DateTime local, DateTime later, TimeZoneInfo zone)
    {
        // Within a day the clock may go back: there its hours pass as hours do.
        if (later - local <= TimeSpan.FromHours(1))
            return at + (later - local);
        // A time the clock leaves out is no time; what comes in its place is a little later.
        while (zone.IsInvalidTime(later))
            later = later.AddMinutes(1);
        var offset = zone.IsAmbiguousTime(later) ? zone.GetAmbiguousTimeOffsets(later).Max() : zone.GetUtcOffset(later);
        var instant = DateTime.SpecifyKind(later - offset, DateTimeKind.Utc);
        return instant > at ? instant : at.AddMinutes(1);
    }

    private static DateTime NextMinute(DateTime utc) => new(utc.Ticks - (utc.Ticks % TimeSpan.TicksPerMinute) + TimeSpan.TicksPerMinute, DateTimeKind.Utc);
}

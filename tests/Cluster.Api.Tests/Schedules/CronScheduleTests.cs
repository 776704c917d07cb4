using System.Globalization;
using Cluster.Api.Schedules;

namespace Cluster.Api.Tests.Schedules;

/// <summary>Schedules as Kubernetes' parser (robfig/cron v3, ParseStandard) reads them.</summary>
public sealed class CronScheduleTests
{
    private static readonly TimeZoneInfo NewYork = TimeZoneInfo.FindSystemTimeZoneById("America/New_York");

    [Theory]
    [InlineData("* * * * *", "2025-01-01T00:00:00Z", "2025-01-01T00:01:00Z")]
    [InlineData("* * * * *", "2025-01-01T00:00:59.5Z", "2025-01-01T00:01:00Z")]
    [InlineData("*/15 * * * *", "2025-01-01T00:46:00Z", "2025-01-01T01:00:00Z")]
    [InlineData("5/20 * * * *", "2025-01-01T00:06:00Z", "2025-01-01T00:25:00Z")]
    [InlineData("10-20/5 3,4 * * ?", "2025-01-01T03:20:00Z", "2025-01-01T04:10:00Z")]
    [InlineData("0 12 1 jan-MAR *", "2025-03-01T12:00:00Z", "2026-01-01T12:00:00Z")]
    [InlineData("0 0 * * mon-fri", "2025-01-03T00:00:00Z", "2025-01-06T00:00:00Z")]
    [InlineData("30 4 29 2 *", "2025-01-01T00:00:00Z", "2028-02-29T04:30:00Z")]
    // Day of month and day of week are alternatives where neither is a star; a star with a step is none.
    [InlineData("0 0 13 * FRI", "2025-01-01T00:00:00Z", "2025-01-03T00:00:00Z")]
    [InlineData("0 0 13 * *", "2025-01-01T00:00:00Z", "2025-01-13T00:00:00Z")]
    [InlineData("0 0 */10 * 2", "2025-01-01T00:00:00Z", "2025-01-07T00:00:00Z")]
    [InlineData("@yearly", "2025-05-01T00:00:00Z", "2026-01-01T00:00:00Z")]
    [InlineData("@annually", "2025-05-01T00:00:00Z", "2026-01-01T00:00:00Z")]
    [InlineData("@monthly", "2025-05-01T00:00:00Z", "2025-06-01T00:00:00Z")]
    [InlineData("@weekly", "2025-01-01T00:00:00Z", "2025-01-05T00:00:00Z")]
    [InlineData("@daily", "2025-01-01T10:00:00Z", "2025-01-02T00:00:00Z")]
    [InlineData("@midnight", "2025-01-01T10:00:00Z", "2025-01-02T00:00:00Z")]
    [InlineData("@hourly", "2025-01-01T10:00:00Z", "2025-01-01T11:00:00Z")]
    [InlineData("@every 1h30m", "2025-01-01T10:00:07.9Z", "2025-01-01T11:30:07Z")]
    [InlineData("@every 10ms", "2025-01-01T10:00:00Z", "2025-01-01T10:00:01Z")]
    public void Next_OfASchedule_IsTheFirstTimeAfter(string schedule, string after, string expected) =>
        Assert.Equal(At(expected), CronSchedule.Parse(schedule).Next(At(after), TimeZoneInfo.Utc));

    [Theory]
    [InlineData("0 9 * * *", "2025-01-01T00:00:00Z", "2025-01-01T14:00:00Z")]
    [InlineData("0 9 * * *", "2025-07-01T00:00:00Z", "2025-07-01T13:00:00Z")]
    // The clock goes from 2 to 3 on March 9: that day has no half past two.
    [InlineData("30 2 * * *", "2025-03-09T00:00:00Z", "2025-03-10T06:30:00Z")]
    [InlineData("0 * * * *", "2025-03-09T06:00:00Z", "2025-03-09T07:00:00Z")]
    // It goes from 2 to 1 on November 2: that day has two.
    [InlineData("30 1 * * *", "2025-11-02T00:00:00Z", "2025-11-02T05:30:00Z")]
    [InlineData("30 1 * * *", "2025-11-02T05:30:00Z", "2025-11-02T06:30:00Z")]
    [InlineData("30 1 * * *", "2025-11-02T06:30:00Z", "2025-11-03T06:30:00Z")]
    public void Next_InATimeZone_FollowsItsClock(string schedule, string after, string expected) =>
        Assert.Equal(At(expected), CronSchedule.Parse(schedule).Next(At(after), NewYork));

    [Fact]
    public void Next_WhereMidnightIsLeftOut_GoesOn()
    {
        // Until 2022 the clocks of Beirut went from midnight to one.
        var beirut = TimeZoneInfo.FindSystemTimeZoneById("Asia/Beirut");
        Assert.Equal(At("2022-03-27T10:00:00Z"), CronSchedule.Parse("0 13 27 3 *").Next(At("2022-03-26T00:00:00Z"), beirut));
        Assert.Equal(At("2022-03-27T21:00:00Z"), CronSchedule.Parse("0 0 * * *").Next(At("2022-03-26T00:00:00Z"), beirut));
    }

    [Fact]
    public void Next_OfADayThatNeverComes_IsNone() => Assert.Null(CronSchedule.Parse("0 0 30 2 *").Next(At("2025-01-01T00:00:00Z"), NewYork));

    [Theory]
    [InlineData("* * * * *", "2015-01-01T00:00:30Z", "2025-01-01T00:00:30Z", "2025-01-01T00:00:00Z", 101)]
    [InlineData("0 0 1 * *", "2015-01-01T00:00:00Z", "2025-01-15T00:00:00Z", "2025-01-01T00:00:00Z", 101)]
    [InlineData("0 0 1 * *", "2024-01-01T00:00:00Z", "2025-01-15T00:00:00Z", "2025-01-01T00:00:00Z", 12)]
    [InlineData("0 0 1 * *", "2025-01-01T00:00:00Z", "2025-01-15T00:00:00Z", null, 0)]
    [InlineData("0 0 1 * *", "2025-01-01T00:00:00Z", "2025-02-01T00:00:00Z", "2025-02-01T00:00:00Z", 1)]
    [InlineData("@every 7s", "2025-01-01T00:00:01Z", "2025-01-01T00:00:14Z", "2025-01-01T00:00:08Z", 1)]
    [InlineData("@every 7s", "2015-01-01T00:00:01Z", "2025-01-01T00:00:15Z", "2025-01-01T00:00:14Z", 101)]
    public void Between_CountsUpToALimitAndKnowsTheLast(string schedule, string after, string until, string? last, int count)
    {
        var found = CronSchedule.Parse(schedule).Between(At(after), At(until), 100, TimeZoneInfo.Utc);

        Assert.Equal((last is null ? null : At(last), count), (found.Last, found.Count));
    }

    [Fact]
    public void Next_AtRandom_IsTheSameAsLookingAtEveryMinute()
    {
        var random = new Random(7);
        for (var i = 0; i < 200; i++)
        {
            var (first, step, from, to) = (random.Next(60), random.Next(1, 40), random.Next(12), random.Next(12, 24));
            int? day = random.Next(2) == 0 ? null : random.Next(1, 29);
            int? weekday = random.Next(2) == 0 ? null : random.Next(7);
            var schedule = CronSchedule.Parse($"{first}/{step} {from}-{to} {day?.ToString() ?? "*"} * {weekday?.ToString() ?? "*"}");
            var after = At("2025-10-25T00:00:00Z").AddMinutes(random.Next(20_000));

            var expected = after.AddMinutes(1);
            while (!Fits(TimeZoneInfo.ConvertTime(expected, NewYork)))
                expected = expected.AddMinutes(1);
            Assert.Equal(expected, schedule.Next(after, NewYork));

            bool Fits(DateTimeOffset local) =>
                local.Minute >= first && (local.Minute - first) % step == 0 && local.Hour >= from && local.Hour <= to
                && (day is null || weekday is null
                    ? (day ?? local.Day) == local.Day && (weekday ?? (int)local.DayOfWeek) == (int)local.DayOfWeek
                    : day == local.Day || weekday == (int)local.DayOfWeek);
        }
    }

    [Theory]
    [InlineData("", "expected exactly 5 fields, found 0: []")]
    [InlineData("* * * *", "expected exactly 5 fields, found 4: [* * * *]")]
    [InlineData("60 * * * *", "end of range (60) above maximum (59): 60")]
    [InlineData("* * 0 * *", "beginning of range (0) below minimum (1): 0")]
    [InlineData("* 22-2 * * *", "beginning of range (22) beyond end of range (2): 22-2")]
    [InlineData("* * * * 7", "end of range (7) above maximum (6): 7")]
    [InlineData("*/0 * * * *", "step of range should be a positive number: */0")]
    [InlineData("1-2-3 * * * *", "too many hyphens: 1-2-3")]
    [InlineData("1/2/3 * * * *", "too many slashes: 1/2/3")]
    [InlineData("* * L * *", "failed to parse int from L: strconv.Atoi: parsing \"L\": invalid syntax")]
    [InlineData("@reboot", "unrecognized descriptor: @reboot")]
    public void Error_OfNoSchedule_SaysWhatKubernetesSays(string schedule, string problem) => Assert.Equal(problem, CronSchedule.Error(schedule));

    private static DateTimeOffset At(string text) => DateTimeOffset.Parse(text, CultureInfo.InvariantCulture);
}

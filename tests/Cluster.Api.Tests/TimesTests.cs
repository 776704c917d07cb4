using Cluster.Api.MetaV1;

namespace Cluster.Api.Tests;

public sealed class TimesTests
{
    private static readonly DateTimeOffset Moment = new DateTimeOffset(2024, 5, 6, 7, 8, 9, TimeSpan.FromHours(2)).AddTicks(1_234_567);

    [Fact]
    public void ToTime_KeepsWholeSeconds() => Assert.Equal(new DateTimeOffset(2024, 5, 6, 5, 8, 9, TimeSpan.Zero), Moment.ToTime().ToDateTimeOffset());

    [Fact]
    public void ToMicroTime_KeepsMicroseconds() =>
        Assert.Equal(new DateTimeOffset(2024, 5, 6, 5, 8, 9, TimeSpan.Zero).AddTicks(1_234_560), Moment.ToMicroTime().ToDateTimeOffset());

    [Fact]
    public void ToMicroTime_BeforeTheEpoch_KeepsMicroseconds()
    {
        var before = DateTimeOffset.UnixEpoch.AddTicks(-10);
        Assert.Equal(before, before.ToMicroTime().ToDateTimeOffset());
    }

    [Fact]
    public void IsZero_TellsTheEpochFromNothing()
    {
        Assert.True(new Time().IsZero());
        Assert.True(default(Time).IsZero());
        Assert.False(DateTimeOffset.UnixEpoch.ToTime().IsZero());
        Assert.Equal(DateTimeOffset.MinValue, new Time().ToDateTimeOffset());
    }
}

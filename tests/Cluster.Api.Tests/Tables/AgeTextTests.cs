using Cluster.Api.Tables;

namespace Cluster.Api.Tests.Tables;

public class AgeTextTests
{
    [Theory]
    [InlineData(-2, "<invalid>")]
    [InlineData(-1, "0s")]
    [InlineData(0, "0s")]
    [InlineData(119, "119s")]
    [InlineData(120, "2m")]
    [InlineData(150, "2m30s")]
    [InlineData(600, "10m")]
    [InlineData(630, "10m")]
    [InlineData(3 * 3600 - 1, "179m")]
    [InlineData(3 * 3600, "3h")]
    [InlineData(7 * 3600 + 300, "7h5m")]
    [InlineData(8 * 3600 + 300, "8h")]
    [InlineData(47 * 3600, "47h")]
    [InlineData(48 * 3600, "2d")]
    [InlineData(76 * 3600, "3d4h")]
    [InlineData(8 * 86400 + 3600, "8d")]
    [InlineData(729 * 86400, "729d")]
    [InlineData(730 * 86400, "2y")]
    [InlineData(740 * 86400, "2y10d")]
    [InlineData(3000L * 86400, "8y")]
    public void Of_Seconds_UsesAsManyUnitsAsItsAgeNeeds(long seconds, string text) =>
        Assert.Equal(text, AgeText.Of(TimeSpan.FromSeconds(seconds)));

    [Fact]
    public void Since_Unset_IsUnknown() => Assert.Equal("<unknown>", AgeText.Since((MetaV1.Time?)null, DateTimeOffset.UnixEpoch));
}

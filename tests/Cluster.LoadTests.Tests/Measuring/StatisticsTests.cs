using Cluster.LoadTests.Measuring;

namespace Cluster.LoadTests.Tests.Measuring;

public sealed class StatisticsTests
{
    [Theory]
    [InlineData(new[] { 3.0 }, 3.0)]
    [InlineData(new[] { 5.0, 1.0, 3.0 }, 3.0)]
    [InlineData(new[] { 4.0, 1.0, 3.0, 2.0 }, 2.5)]
    public void Median_OfValues_IsTheMiddle(double[] values, double expected) => Assert.Equal(expected, Statistics.Median(values));

    [Fact]
    public void Median_OfNothing_Throws() => Assert.Throws<ArgumentException>(() => Statistics.Median([]));

    [Theory]
    [InlineData(50, 50)]
    [InlineData(99, 99)]
    [InlineData(99.5, 100)]
    [InlineData(100, 100)]
    [InlineData(0.1, 1)]
    public void Percentile_OfOneToHundred_IsNearestRank(double percentile, double expected) =>
        Assert.Equal(expected, Statistics.Percentile([.. Enumerable.Range(1, 100).Reverse().Select(i => (double)i)], percentile));

    [Theory]
    [InlineData(0)]
    [InlineData(101)]
    public void Percentile_OutOfRange_Throws(double percentile) => Assert.Throws<ArgumentException>(() => Statistics.Percentile([1.0], percentile));

    [Fact]
    public void Ratio_WithoutOneSide_IsNull()
    {
        Assert.Equal(0.5, Statistics.Ratio(1, 2));
        Assert.Null(Statistics.Ratio(null, 2));
        Assert.Null(Statistics.Ratio(1, null));
        Assert.Null(Statistics.Ratio(1, 0));
    }
}

using Cluster.Api.Quantities;

namespace Cluster.Api.Tests.Quantities;

public sealed class QuantityValueTests
{
    [Theory]
    [InlineData("0", "0")]
    [InlineData("1000m", "1")]
    [InlineData("0.5", "500m")]
    [InlineData("1.5Gi", "1536Mi")]
    [InlineData("1024", "1024")]
    [InlineData("2048Ki", "2Mi")]
    [InlineData("0.1n", "1n")]
    [InlineData("1e3", "1e3")]
    [InlineData("12e2", "1200")]
    [InlineData("-1.5Ki", "-1536")]
    [InlineData("9223372036854775808Ki", "9223372036854775807")]
    [InlineData("1e999999999", "1e999999999")]
    public void ToString_IsCanonical(string text, string canonical) => Assert.Equal(canonical, QuantityValue.Parse(text).ToString());

    [Theory]
    [InlineData("100m", 1, 100)]
    [InlineData("1001m", 2, 1001)]
    [InlineData("-1500m", -2, -1500)]
    [InlineData("1u", 1, 1)]
    [InlineData("1Gi", 1073741824, 1073741824000)]
    [InlineData("1e999999999", long.MaxValue, long.MaxValue)]
    public void Value_RoundsAwayFromZero(string text, long value, long milli)
    {
        var quantity = QuantityValue.Parse(text);
        Assert.Equal((value, milli), (quantity.Value, quantity.MilliValue));
    }

    [Theory]
    [InlineData("")]
    [InlineData(" 1")]
    [InlineData("1.1.1")]
    [InlineData("1Kii")]
    [InlineData("m")]
    [InlineData("1e")]
    [InlineData("0x10")]
    public void TryParse_NoQuantity_IsFalse(string text) => Assert.Equal(text == "m", QuantityValue.TryParse(text, out _));

    [Fact]
    public void Add_KeepsTheLeftFormat()
    {
        Assert.Equal("1536Mi", (QuantityValue.Parse("1Gi") + QuantityValue.Parse("512Mi")).ToString());
        Assert.Equal("1100m", (QuantityValue.Parse("1") + QuantityValue.Parse("100m")).ToString());
        Assert.Equal("-500m", (QuantityValue.Parse("500m") - QuantityValue.Parse("1")).ToString());
        Assert.Equal("1Gi", (QuantityValue.Zero + QuantityValue.Parse("1Gi")).ToString());
    }

    [Fact]
    public void Add_OfNumbersWorldsApart_StaysSmallEnoughToCompute()
    {
        var huge = QuantityValue.Parse("1e2147483647");
        Assert.Equal(1, (huge + QuantityValue.Parse("1n")).Sign);
        Assert.Equal(-1, (QuantityValue.Parse("1n") - huge).Sign);
    }

    [Theory]
    [InlineData("1", "1000m", 0)]
    [InlineData("1Ki", "1024", 0)]
    [InlineData("999m", "1", -1)]
    [InlineData("1e999999999", "1", 1)]
    [InlineData("-1e999999999", "1n", -1)]
    public void CompareTo_ComparesNumbers(string left, string right, int expected) =>
        Assert.Equal(expected, Math.Sign(QuantityValue.Parse(left).CompareTo(QuantityValue.Parse(right))));
}

namespace Cluster.Api.Tests;

public class GoTextTests
{
    [Theory]
    [InlineData("plain", "\"plain\"")]
    [InlineData("a\"b\\c", "\"a\\\"b\\\\c\"")]
    [InlineData("\n\t\r", "\"\\n\\t\\r\"")]
    [InlineData("\u0001\u007f", "\"\\x01\\x7f\"")]
    [InlineData("é世", "\"é世\"")]
    [InlineData("\u200b", "\"\\u200b\"")]
    public void Quote_OfText_EscapesAsGoDoes(string text, string quoted) => Assert.Equal(quoted, GoText.Quote(text));

    [Theory]
    [InlineData("1h2m3.5s", 3_723_500)]
    [InlineData("-250ms", -250)]
    [InlineData("0", 0)]
    public void ParseDuration_OfGo_IsRead(string text, int milliseconds) =>
        Assert.Equal(TimeSpan.FromMilliseconds(milliseconds), GoText.ParseDuration(text));

    [Theory]
    [InlineData("", "time: invalid duration \"\"")]
    [InlineData("1.2.3s", "time: invalid duration \"1.2.3s\"")]
    [InlineData("5", "time: missing unit in duration \"5\"")]
    [InlineData("5d", "time: unknown unit \"d\" in duration \"5d\"")]
    // More than fits, by the number, by its unit and by their sum.
    [InlineData("99999999999999999999999999999999s", "time: invalid duration \"99999999999999999999999999999999s\"")]
    [InlineData("9223372036854775807h", "time: invalid duration \"9223372036854775807h\"")]
    [InlineData("2562047h2562047h", "time: invalid duration \"2562047h2562047h\"")]
    public void ParseDuration_OfAnythingElse_SaysWhatGoSays(string text, string message) =>
        Assert.Equal(message, Assert.Throws<FormatException>(() => GoText.ParseDuration(text)).Message);
}

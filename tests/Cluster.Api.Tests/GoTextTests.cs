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
}

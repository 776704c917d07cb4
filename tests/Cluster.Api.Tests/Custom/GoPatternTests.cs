using Cluster.Api.Custom.Schemas;

namespace Cluster.Api.Tests.Custom;

public class GoPatternTests
{
    [Theory]
    [InlineData("^a$", "a", true)]
    [InlineData("^a$", "a\n", false)]
    [InlineData(@"^\d+$", "12", true)]
    [InlineData(@"^\d+$", "١٢", false)]
    [InlineData(@"^[\w-]+$", "a-b_1", true)]
    [InlineData("^[[:alpha:]]+$", "abc", true)]
    [InlineData("^[[:alpha:]]+$", "ab1", false)]
    [InlineData("^[]a]+$", "]a", true)]
    [InlineData("(?P<year>[0-9]{4})", "in 2024", true)]
    [InlineData(@"^\Qa.b\E$", "a.b", true)]
    [InlineData(@"^\Qa.b\E$", "axb", false)]
    [InlineData(@"^\pL+$", "äß", true)]
    [InlineData("b", "abc", true)]
    public void Compile_MatchesAsGo(string pattern, string text, bool matches) => Assert.Equal(matches, GoPattern.Compile(pattern).IsMatch(text));

    [Theory]
    [InlineData("(")]
    [InlineData("(?=a)b")]
    [InlineData(@"(a)\1")]
    [InlineData("[[:nothing:]]")]
    public void Compile_OfWhatGoDoesNotKnow_Fails(string pattern) => Assert.ThrowsAny<ArgumentException>(() => GoPattern.Compile(pattern));
}

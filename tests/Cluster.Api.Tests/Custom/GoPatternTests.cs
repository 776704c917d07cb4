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
    [InlineData(@"^[a\x{5d}b]+$", "a]b", true)]
    [InlineData(@"^[a\x{2d}c]+$", "b", false)]
    [InlineData(@"^[a\x{2d}c]+$", "a-c", true)]
    [InlineData(@"^\x{2e}$", "x", false)]
    [InlineData(@"^\x{1F600}{2}$", "😀😀", true)]
    [InlineData("^(a{10}){100}$", "a", false)]
    [InlineData("^(a{2})(b{2}){3}$", "aabbbbbb", true)]
    [InlineData("^a{500}b{400}", "a", false)]
    [InlineData("^a{x}$", "a{x}", true)]
    public void Compile_MatchesAsGo(string pattern, string text, bool matches) => Assert.Equal(matches, GoPattern.Compile(pattern).IsMatch(text));

    [Theory]
    [InlineData("(")]
    [InlineData("(?=a)b")]
    [InlineData(@"(a)\1")]
    [InlineData("[[:nothing:]]")]
    [InlineData(@"\x{zz}")]
    [InlineData(@"\x{fffffffff}")]
    [InlineData(@"\x{110000}")]
    [InlineData(@"\x{d800}")]
    [InlineData("a{1001}")]
    [InlineData("a{2,1001}")]
    [InlineData("a{1001,}")]
    [InlineData("a{99999999999}")]
    [InlineData("(a{1000}){1000}")]
    [InlineData("((ab{10}c)*d){101}")]
    public void Compile_OfWhatGoDoesNotKnow_Fails(string pattern) => Assert.ThrowsAny<ArgumentException>(() => GoPattern.Compile(pattern));

    [Fact]
    public void Compile_OfGroupsInGroups_IsBounded()
    {
        Assert.Matches(GoPattern.Compile(new string('(', 100) + "a" + new string(')', 100)), "a");
        Assert.Throws<ArgumentException>(() => GoPattern.Compile(new string('(', 100_000) + "a" + new string(')', 100_000)));
    }
}

using Cluster.Api.Selectors;

namespace Cluster.Api.Tests.Selectors;

public class LabelSelectorTests
{
    private static readonly Dictionary<string, string> Labels = new()
    {
        ["app"] = "web", ["tier"] = "front", ["empty"] = "", ["n"] = "5", ["in"] = "notin",
    };

    [Theory]
    [InlineData("", true)]
    [InlineData("app", true)]
    [InlineData("!app", false)]
    [InlineData("! other", true)]
    [InlineData("app=web", true)]
    [InlineData("app == web", true)]
    [InlineData("app=web,tier=back", false)]
    [InlineData("app!=web", false)]
    [InlineData("other!=web", true)]
    [InlineData("app in (a, web)", true)]
    [InlineData("app in (a)", false)]
    [InlineData("other in (a)", false)]
    [InlineData("app notin (a,b)", true)]
    [InlineData("other notin (a)", true)]
    [InlineData("empty=", true)]
    [InlineData("empty in ()", true)]
    [InlineData("empty in (,x)", true)]
    [InlineData("app in (x,)", false)]
    [InlineData("n>4", true)]
    [InlineData("n>5", false)]
    [InlineData("n<6,app", true)]
    [InlineData("app>1", false)]
    [InlineData("in=notin", true)]
    [InlineData("in in (in,notin)", true)]
    public void Matches_TextForm_FollowsTheGrammar(string text, bool expected) =>
        Assert.Equal(expected, LabelSelector.Parse(text).Matches(Labels));

    [Theory]
    [InlineData("a,", "found '', expected: identifier after ','")]
    [InlineData(",a", "found ',', expected: !, identifier, or 'end of string'")]
    [InlineData("a b", "unable to parse requirement: found 'b', expected: in, notin, =, ==, !=, gt, lt")]
    [InlineData("a in b", "unable to parse requirement: found 'b' expected: '('")]
    [InlineData("a in (b", "unable to parse requirement: found '', expected: ',' or ')'")]
    [InlineData("a in (=)", "unable to parse requirement: found '=', expected: ',', ')' or identifier")]
    [InlineData("a in (b,=)", "unable to parse requirement: found '=', expected: ',', or identifier")]
    [InlineData("a=b c", "found 'c', expected: ',' or 'end of string'")]
    [InlineData("a=(", "unable to parse requirement: found '(', expected: identifier")]
    [InlineData("!", "unable to parse requirement: found '', expected: identifier")]
    [InlineData("a>b", "unable to parse requirement: values[0]: Invalid value: \"b\": for 'Gt', 'Lt' operators, the value must be an integer")]
    public void Parse_BadText_IsABadRequestInKubernetesWords(string text, string message)
    {
        var failure = Assert.Throws<StatusException>(() => LabelSelector.Parse(text));

        Assert.Equal((400, "BadRequest", message), (failure.Code, failure.Reason, failure.Message));
    }

    [Theory]
    [InlineData("_a=b", "unable to parse requirement: <nil>: Invalid value: \"_a\": name part must consist of")]
    [InlineData("a=-b", "unable to parse requirement: values[0][a]: Invalid value: \"-b\": a valid label must be an empty string")]
    public void Parse_BadKeyOrValue_NamesIt(string text, string start) =>
        Assert.StartsWith(start, Assert.Throws<StatusException>(() => LabelSelector.Parse(text)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("b,a=1", "a=1,b")]
    [InlineData("k in (z,a)", "k in (a,z)")]
    [InlineData("!x", "!x")]
    [InlineData("n>1,m<2,k notin (a),j!=b", "j!=b,k notin (a),m<2,n>1")]
    public void ToString_OfParsed_IsCanonicalAndParsesAgain(string text, string canonical)
    {
        Assert.Equal(canonical, LabelSelector.Parse(text).ToString());
        Assert.Equal(canonical, LabelSelector.Parse(canonical).ToString());
    }

    [Fact]
    public void From_Null_MatchesNothing() => Assert.False(LabelSelector.From((MetaV1.LabelSelector?)null).Matches(Labels));

    [Fact]
    public void From_EmptyObject_MatchesEverything() => Assert.True(LabelSelector.From(new MetaV1.LabelSelector()).IsEmpty);

    [Fact]
    public void From_Object_NeedsLabelsAndExpressions()
    {
        var selector = new MetaV1.LabelSelector
        {
            MatchLabels = { ["app"] = "web" },
            MatchExpressions =
            {
                new MetaV1.LabelSelectorRequirement { Key = "tier", Operator = "NotIn", Values = { "back" } },
                new MetaV1.LabelSelectorRequirement { Key = "gone", Operator = "DoesNotExist" },
            },
        };

        Assert.True(LabelSelector.From(selector).Matches(Labels));
        Assert.Equal("app=web,!gone,tier notin (back)", LabelSelector.From(selector).ToString());
    }
}

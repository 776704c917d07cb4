using System.Text.Json.Nodes;
using Cluster.Api.Custom.Paths;

namespace Cluster.Api.Tests.Custom;

public class JsonPathTests
{
    private static readonly JsonNode Root = JsonNode.Parse(
        """
        {"spec":{"n":3,"list":[{"type":"A","v":1},{"type":"B","v":2}],"words":["x","y","z"],"a.b":"dot"},
         "status":{"conditions":[{"type":"Ready","status":"True"},{"type":"Old","status":"False"}]}}
        """)!;

    [Theory]
    [InlineData(".spec.n", "3")]
    [InlineData("{.spec.n}", "3")]
    [InlineData(".spec.list[0].v", "1")]
    [InlineData(".spec.list[-1].v", "2")]
    [InlineData(".spec.list[*].v", "1 2")]
    [InlineData(".spec.words[0:2]", "\"x\" \"y\"")]
    [InlineData(".spec.words[1:]", "\"y\" \"z\"")]
    [InlineData(".spec.words[::2]", "\"x\" \"z\"")]
    [InlineData(".spec.words[0,2]", "\"x\" \"z\"")]
    [InlineData(".spec['a.b']", "\"dot\"")]
    [InlineData(".spec.a\\.b", "\"dot\"")]
    [InlineData(".status.conditions[?(@.type==\"Ready\")].status", "\"True\"")]
    [InlineData(".status.conditions[?(@.type!='Ready')].status", "\"False\"")]
    [InlineData(".spec.list[?(@.v>1)].type", "\"B\"")]
    [InlineData(".spec.list[?(@.missing)].type", "")]
    [InlineData("..v", "1 2")]
    [InlineData(".spec.nothing.at.all", "")]
    public void Find_FollowsThePath(string path, string expected) =>
        Assert.Equal(expected, string.Join(' ', JsonPath.Parse(path).Find(Root).Select(value => value?.ToJsonString())));

    [Theory]
    [InlineData("..*..*..*..*..*..*..*..*")]
    [InlineData("[*,*,*,*,*,*,*,*,*,*,*,*]")]
    public void Find_OfMoreThanAnybodyReads_IsNone(string path)
    {
        var tree = new JsonArray([.. Enumerable.Range(0, 1000).Select(_ => new JsonArray(new JsonArray(new JsonArray(1, 2), 3), 4))]);
        Assert.Empty(JsonPath.Parse(path).Find(tree));
        Assert.Equal(1000, JsonPath.Parse("[*]").Find(tree).Count);
    }

    [Theory]
    [InlineData("spec.n")]
    [InlineData(".spec.list[")]
    [InlineData(".spec.list[x]")]
    [InlineData(".spec.list[::0]")]
    [InlineData(".spec.list[?(@.v ~ 1)]")]
    [InlineData(".spec n")]
    public void Parse_OfWhatIsNone_SaysSo(string path) => Assert.Throws<FormatException>(() => JsonPath.Parse(path));

    [Fact]
    public void Fields_OfNamesAlone_AreThese()
    {
        Assert.Equal(["spec", "n"], JsonPath.Parse(".spec.n").Fields);
        Assert.Null(JsonPath.Parse(".spec.list[0]").Fields);
    }
}

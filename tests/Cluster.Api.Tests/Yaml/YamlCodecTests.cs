using System.Text;
using Cluster.Api.Yaml;

namespace Cluster.Api.Tests.Yaml;

public sealed class YamlCodecTests
{
    [Theory]
    [InlineData("a: 1\nb: [x, 'y', \"z\"]\n", """{"a":1,"b":["x","y","z"]}""")]
    [InlineData("a: yes\nb: off\nc: ~\nd:\ne: 'yes'\nf: !!str 5", """{"a":true,"b":false,"c":null,"d":null,"e":"yes","f":"5"}""")]
    [InlineData("a: 0x1F\nb: 017\nc: 0b11\nd: 1_000\ne: -7\nf: 18446744073709551615", """{"a":31,"b":15,"c":3,"d":1000,"e":-7,"f":18446744073709551615}""")]
    [InlineData("a: 0.5\nb: 1.10\nc: 1e3\nd: 1.0\ne: 1e21\nf: 1.5e-7\ng: 1e20", """{"a":0.5,"b":1.1,"c":1000,"d":1,"e":1e+21,"f":1.5e-7,"g":100000000000000000000}""")]
    [InlineData("a: 2024-01-02\nb: 12:30\nc: 100m\nd: 64Mi\ne: 1.2.3.4\nf: -x", """{"a":"2024-01-02","b":"12:30","c":"100m","d":"64Mi","e":"1.2.3.4","f":"-x"}""")]
    [InlineData("1: a\ntrue: b\n", """{"1":"a","true":"b"}""")]
    [InlineData("a: &x {k: 1, l: 2}\nb: *x\nc:\n  <<: *x\n  l: 3", """{"a":{"k":1,"l":2},"b":{"k":1,"l":2},"c":{"l":3,"k":1}}""")]
    [InlineData("a: |\n  two\n  lines\nb: >-\n  one\n  line\n", """{"a":"two\nlines\n","b":"one line"}""")]
    [InlineData("{\"a\": \"<\\u00e9>\"}", "{\"a\": \"<\\u00e9>\"}")]
    public void ToJson_OneDocument_IsThatJson(string yaml, string json) =>
        Assert.Equal(json, Encoding.UTF8.GetString(Assert.Single(YamlCodec.ToJson(yaml))));

    [Fact]
    public void ToJson_ManyDocuments_LeavesOutTheEmpty()
    {
        var documents = YamlCodec.ToJson("---\na: 1\n---\n---\n# nothing\n---\nb: 2\n...\n");
        Assert.Equal(["""{"a":1}""", """{"b":2}"""], documents.Select(Encoding.UTF8.GetString));
    }

    [Theory]
    [InlineData("a: 1\na: 2\n", "key \"a\" already set in map")]
    [InlineData("a: b: c\n", "")]
    [InlineData("a: [1, 2\n", "")]
    [InlineData("a: *nowhere\n", "nowhere")]
    [InlineData("? [x]\n: 1\n", "unsupported map key")]
    public void ToJson_Bad_IsBadRequest(string yaml, string part)
    {
        var error = Assert.Throws<StatusException>(() => YamlCodec.ToJson(yaml));
        Assert.Equal(400, error.Code);
        Assert.StartsWith("error converting YAML to JSON: yaml: line ", error.Status.Message, StringComparison.Ordinal);
        Assert.Contains(part, error.Status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ToJson_AliasBomb_IsBadRequest()
    {
        var yaml = new StringBuilder("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
        for (var level = 1; level < 12; level++)
            yaml.Append($"a{level}: &a{level} [{string.Join(", ", Enumerable.Repeat("*a" + (level - 1), 10))}]\n");
        Assert.Contains("aliasing", Assert.Throws<StatusException>(() => YamlCodec.ToJson(yaml.ToString())).Status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ToJson_AliasesOfOneLongText_IsBadRequest()
    {
        foreach (var anchored in (string[])[$"a: &a \"{new string('x', 500_000)}\"", $"a: &a {{\"{new string('x', 500_000)}\": 1}}"])
        {
            var yaml = $"{anchored}\nb: [{string.Join(", ", Enumerable.Repeat("*a", 5_000))}]\n";
            Assert.Contains("aliasing", Assert.Throws<StatusException>(() => YamlCodec.ToJson(yaml)).Status.Message, StringComparison.Ordinal);
        }

        Assert.Single(YamlCodec.ToJson($"a: &a {new string('x', 1_000)}\nb: [*a, *a]\n"));
    }

    [Fact]
    public void ToJson_EndlessNesting_IsBadRequest()
    {
        var error = Assert.Throws<StatusException>(() => YamlCodec.ToJson("a: " + new string('[', 100_000)));
        Assert.Equal(400, error.Code);
    }
}

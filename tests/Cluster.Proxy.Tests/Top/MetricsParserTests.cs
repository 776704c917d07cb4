using Cluster.Proxy.Top;

namespace Cluster.Proxy.Tests.Top;

public sealed class MetricsParserTests
{
    [Fact]
    public void Parse_Text_ReadsNamesLabelsAndValues()
    {
        var samples = MetricsParser.Parse("# HELP a Things\n# TYPE a counter\na 3\nb{x=\"1\",y=\"q\\\"\\\\\\n,}\"} 2.5e3 1700000000\n");
        Assert.Equal([("a", 3.0), ("b", 2500.0)], samples.Select(sample => (sample.Name, sample.Value)));
        Assert.Equal(("1", "q\"\\\n,}", ""), (samples[1].Label("x"), samples[1].Label("y"), samples[1].Label("z")));
    }

    [Theory]
    [InlineData("a")]
    [InlineData("a{")]
    [InlineData("a{x")]
    [InlineData("a{x=\"1")]
    [InlineData("a{x=\"1\"} many")]
    [InlineData("<html>")]
    [InlineData("{}")]
    public void Parse_WhatIsNone_IsPassedOver(string line) => Assert.Equal("b", MetricsParser.Parse(line + "\nb 1\n").Single().Name);
}

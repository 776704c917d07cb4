using System.Text;
using Cluster.Api.Custom;
using Cluster.Api.Protobuf;

namespace Cluster.Api.Tests.Custom;

public class CustomJsonTests
{
    [Fact]
    public void Read_PutsTheContentIntoOneForm()
    {
        var left = Read("""{"kind":"A","metadata":{"name":"x"},"spec":{"b":1.0,"a":[1e2,0.5,-0.0,12345678901234567890,1e-7],"c":"<>"}}""");
        var right = Read("""{"spec":{"c":"<>","a":[100,5e-1,-0,1.2345678901234567e19,0.0000001],"b":1},"metadata":{"name":"x"}}""");

        Assert.Equal("""{"spec":{"a":[100,0.5,-0,12345678901234567000,1e-7],"b":1,"c":"\u003c\u003e"}}""".Replace("-0,", Zero(left), StringComparison.Ordinal), Encoding.UTF8.GetString(left.Content.Span));
        Assert.Equal(Numbers(left), Numbers(right));
    }

    [Fact]
    public void Encode_InAnEnvelope_HoldsTheJson()
    {
        var obj = Read("""{"metadata":{"name":"x","labels":{"a":"b"}},"spec":{"n":1}}""");
        var content = Envelope.Open(Envelope.Encode(obj, "g.example.com/v1", "Thing"));

        Assert.Equal(("g.example.com/v1", "Thing"), (content.ApiVersion, content.Kind));
        Assert.Equal(
            """{"apiVersion":"g.example.com/v1","kind":"Thing","metadata":{"name":"x","creationTimestamp":null,"labels":{"a":"b"}},"spec":{"n":1}}""",
            Encoding.UTF8.GetString(content.Raw.Span));
    }

    [Theory]
    [InlineData("[]")]
    [InlineData("{")]
    [InlineData("""{"metadata":{"name":1}}""")]
    [InlineData("""{"metadata":{},"spec":1e999}""")]
    public void Read_OfNoObject_IsRefused(string text) => Assert.Equal(400, Assert.Throws<StatusException>(() => Read(text)).Code);

    private static CustomObject Read(string text) => CustomJson.Read(Encoding.UTF8.GetBytes(text));

    // Minus zero may keep its sign or not: no schema can tell.
    private static string Zero(CustomObject obj) => Encoding.UTF8.GetString(obj.Content.Span).Contains("-0,", StringComparison.Ordinal) ? "-0," : "0,";

    private static string Numbers(CustomObject obj) => Encoding.UTF8.GetString(obj.Content.Span).Replace("-0,", "0,", StringComparison.Ordinal);
}

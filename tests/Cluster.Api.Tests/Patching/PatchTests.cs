using System.Text;
using System.Text.Json.Nodes;
using Cluster.Api.CoreV1;
using Cluster.Api.Json;
using Cluster.Api.Patching;

namespace Cluster.Api.Tests.Patching;

public sealed class PatchTests
{
    private const string Current = """{"kind":"Pod","metadata":{"labels":{"a":"1"},"finalizers":["x","y"]},"spec":{"containers":[{"name":"a","image":"1"},{"name":"b","image":"2"}]}}""";

    [Theory]
    [InlineData(PatchMediaTypes.Json, """[{"op":"replace","path":"/metadata/labels/a","value":"2"},{"op":"remove","path":"/spec/containers/0"},{"op":"add","path":"/metadata/finalizers/-","value":"z"}]""",
        """{"kind":"Pod","metadata":{"labels":{"a":"2"},"finalizers":["x","y","z"]},"spec":{"containers":[{"name":"b","image":"2"}]}}""")]
    [InlineData(PatchMediaTypes.Merge, """{"metadata":{"labels":{"a":null,"b":"3"},"finalizers":["z"]},"spec":null}""",
        """{"kind":"Pod","metadata":{"labels":{"b":"3"},"finalizers":["z"]}}""")]
    [InlineData(PatchMediaTypes.Strategic, """{"metadata":{"finalizers":["z"],"$deleteFromPrimitiveList/finalizers":["x"]},"spec":{"containers":[{"name":"b","image":"3"},{"name":"c"},{"name":"a","$patch":"delete"}]}}""",
        """{"kind":"Pod","metadata":{"labels":{"a":"1"},"finalizers":["z","y"]},"spec":{"containers":[{"name":"b","image":"3"},{"name":"c"}]}}""")]
    [InlineData(PatchMediaTypes.Strategic, """{"spec":{"$setElementOrder/containers":[{"name":"b"},{"name":"a"}],"containers":[{"name":"a","image":"9"}]}}""",
        """{"kind":"Pod","metadata":{"labels":{"a":"1"},"finalizers":["x","y"]},"spec":{"containers":[{"name":"b","image":"2"},{"name":"a","image":"9"}]}}""")]
    public void Apply_GoodPatch_GivesTheObjectAfter(string mediaType, string patch, string expected)
    {
        var patched = Patch.Apply(JsonNode.Parse(Current)!, mediaType, Encoding.UTF8.GetBytes(patch), Pod.Descriptor);
        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected), patched), patched.ToJsonString());
    }

    [Theory]
    [InlineData("text/plain", "{}", 415, "UnsupportedMediaType")]
    [InlineData(PatchMediaTypes.Json, "{}", 400, "BadRequest")]
    [InlineData(PatchMediaTypes.Json, "[1]", 400, "BadRequest")]
    [InlineData(PatchMediaTypes.Json, "[", 400, "BadRequest")]
    [InlineData(PatchMediaTypes.Json, """[{"op":"remove","path":"/metadata/nope/x"}]""", 422, "Invalid")]
    [InlineData(PatchMediaTypes.Json, """[{"op":"test","path":"/metadata/labels/a","value":"2"}]""", 422, "Invalid")]
    [InlineData(PatchMediaTypes.Json, """[{"op":"jump","path":"/metadata"}]""", 422, "Invalid")]
    [InlineData(PatchMediaTypes.Json, """[{"op":"add","path":"/spec/containers/9","value":{}}]""", 422, "Invalid")]
    [InlineData(PatchMediaTypes.Merge, "3", 400, "BadRequest")]
    [InlineData(PatchMediaTypes.Merge, "{", 400, "BadRequest")]
    [InlineData(PatchMediaTypes.Strategic, "[]", 400, "BadRequest")]
    [InlineData(PatchMediaTypes.Strategic, """{"spec":{"$retainKeys":["x"],"nodeName":"y"}}""", 400, "BadRequest")]
    [InlineData(PatchMediaTypes.Strategic, """{"spec":{"containers":[{"image":"no name"}]}}""", 400, "BadRequest")]
    public void Apply_BadPatch_IsAMistakeOfTheClient(string mediaType, string patch, int code, string reason)
    {
        var error = Assert.Throws<StatusException>(() => Patch.Apply(JsonNode.Parse(Current)!, mediaType, Encoding.UTF8.GetBytes(patch), Pod.Descriptor));
        Assert.Equal((code, reason), (error.Code, error.Reason));
    }

    [Fact]
    public void Apply_PatchWithAKeyTwice_TakesTheLast()
    {
        var patched = Patch.Apply(JsonNode.Parse(Current)!, PatchMediaTypes.Merge, """{"metadata":1,"metadata":{"labels":null}}"""u8.ToArray(), Pod.Descriptor);
        Assert.Null(patched["metadata"]!["labels"]);
    }

    [Fact]
    public void Apply_DeepPatch_IsRefused()
    {
        var patch = Encoding.UTF8.GetBytes(string.Concat(Enumerable.Repeat("{\"a\":", 5_000)) + "1" + new string('}', 5_000));
        var error = Assert.Throws<StatusException>(() => Patch.Apply(JsonNode.Parse(Current)!, PatchMediaTypes.Merge, patch, Pod.Descriptor));
        Assert.Equal(400, error.Code);
    }

    [Fact]
    public void Decode_StrategicPatchOfTheWrongType_ShowsThePatch()
    {
        var node = JsonNode.Parse("""{"spec":{"containers":"x"}}""")!;
        var body = """{"spec":{"containers":"x"}}"""u8.ToArray();
        var error = Assert.Throws<StatusException>(
            () => Patch.Decode(node, Pod.Descriptor, FieldValidation.Ignore, null, PatchMediaTypes.Strategic, body));
        Assert.Contains("patch: Invalid value: \"map[spec:map[containers:x]]\": json: cannot unmarshal string", error.Status.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Decode_PatchedIntoSomethingElse_IsUnprocessable()
    {
        var node = JsonNode.Parse("""{"spec":{"nope":1}}""")!;
        var body = """{"spec":{"nope":1}}"""u8.ToArray();
        var error = Assert.Throws<StatusException>(
            () => Patch.Decode(node, Pod.Descriptor, FieldValidation.Strict, null, PatchMediaTypes.Merge, body));
        Assert.Equal((422, "Invalid"), (error.Code, error.Reason));
        Assert.Equal(
            """ "" is invalid: patch: Invalid value: "{\"spec\":{\"nope\":1}}": strict decoding error: unknown field "spec.nope" """.TrimEnd(),
            error.Status.Message);
    }
}

using System.Net;
using System.Text.Json.Nodes;
using Cluster.ApiServer.OpenApi;
using Cluster.Testing;

namespace Cluster.ApiServer.Tests.CustomResources;

/// <summary>What the OpenApi documents say of added kinds, as Kubernetes' conformance tests ask for it.</summary>
public sealed class PublishedSchemaTests(CustomRig rig) : IClassFixture<CustomRig>
{
    private const string Anything = """{"type":"object","x-kubernetes-preserve-unknown-fields":true}""";

    [Fact]
    public async Task V2_OfAKindThatKeepsAnyField_IsAnyObject()
    {
        var group = rig.NewGroup();
        var definition = CustomRig.Definition(group, Anything);
        Schema(definition, JsonNode.Parse("""{"type":"object","description":"any","x-kubernetes-preserve-unknown-fields":true,"properties":{"spec":{"type":"object"}}}""")!);
        await rig.DefineAsync(definition);

        var published = await V2Async(group);

        Assert.Equal(
            """{"type":"object","x-kubernetes-group-version-kind":[{"group":"GROUP","kind":"Widget","version":"v1"}]}""".Replace("GROUP", group, StringComparison.Ordinal),
            published!.ToJsonString());
    }

    [Theory]
    // What clients check: every bound of one value.
    [InlineData("""{"type":"string","pattern":"in|out","minLength":1,"maxLength":9,"title":"T"}""", null)]
    [InlineData("""{"type":"integer","format":"int32","minimum":1,"exclusiveMinimum":true,"maximum":7,"multipleOf":2}""", null)]
    [InlineData("""{"type":"array","items":{"type":"number","maximum":1.5},"minItems":1,"maxItems":2}""", null)]
    [InlineData("""{"type":"object","additionalProperties":{"type":"string"},"minProperties":1,"maxProperties":2}""", null)]
    // What says that they must not check.
    [InlineData("""{"type":"object","x-kubernetes-preserve-unknown-fields":true,"properties":{"a":{"type":"string"}}}""", """{"x-kubernetes-preserve-unknown-fields":true}""")]
    [InlineData("""{"type":"string","nullable":true,"pattern":"a"}""", """{"pattern":"a"}""")]
    [InlineData("""{"x-kubernetes-int-or-string":true,"anyOf":[{"type":"integer"},{"type":"string"}]}""", """{"x-kubernetes-int-or-string":true}""")]
    [InlineData("""{"type":"array","nullable":true,"items":{"type":"string"}}""", "{}")]
    [InlineData("""{"type":"object","required":["a","b"],"properties":{"a":{"type":"string"},"b":{"type":"string","nullable":true}}}""", """{"type":"object","required":["a"],"properties":{"a":{"type":"string"},"b":{}}}""")]
    [InlineData("""{"type":"object","required":["a"],"properties":{"a":{"type":"string","nullable":true}}}""", """{"type":"object","properties":{"a":{}}}""")]
    public async Task V2_OfAField_IsWhatOlderClientsMayHoldItTo(string field, string? expected)
    {
        var (group, _) = await rig.WidgetsAsync("{\"type\":\"object\",\"properties\":{\"field\":" + field + "}}");

        var published = (await V2Async(group))!["properties"]!["spec"]!["properties"]!["field"]!;

        Assert.True(JsonNode.DeepEquals(JsonNode.Parse(expected ?? field), published), published.ToJsonString());
    }

    [Fact]
    public async Task V2InProtobuf_HoldsEveryBound()
    {
        var (group, _) = await rig.WidgetsAsync(
            """{"type":"object","properties":{"a":{"type":"integer","minimum":1,"maximum":300.5,"exclusiveMaximum":true},"b":{"type":"array","items":{"type":"string","maxLength":300,"pattern":"x.z"}}}}""");
        using var request = new HttpRequestMessage(HttpMethod.Get, "/openapi/v2");
        request.Headers.TryAddWithoutValidation("Accept", SwaggerProtobuf.AskedMediaType);

        using var answer = await rig.Rest.Client.SendAsync(request);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        var bytes = (await answer.Content.ReadAsByteArrayAsync()).AsSpan();
        Assert.True(bytes.IndexOf(System.Text.Encoding.UTF8.GetBytes(string.Join('.', group.Split('.').Reverse()))) > 0);
        // Fields 7 (double), 8 (bool), 9 (double), as the schema has them in turn; 11 (varint) before 13 (text).
        Assert.True(bytes.IndexOf((ReadOnlySpan<byte>)[7 << 3 | 1, .. BitConverter.GetBytes(300.5), 8 << 3, 1, 9 << 3 | 1, .. BitConverter.GetBytes(1.0)]) > 0);
        Assert.True(bytes.IndexOf((ReadOnlySpan<byte>)[11 << 3, 0xac, 2, 13 << 3 | 2, 3, (byte)'x', (byte)'.', (byte)'z']) > 0);
    }

    [Fact]
    public async Task BothVersions_OfAnObjectWithin_AskForItsKind()
    {
        var (group, _) = await rig.WidgetsAsync(
            """{"type":"object","properties":{"within":{"type":"object","x-kubernetes-embedded-resource":true,"properties":{"a":{"type":"string"}}},"any":{"type":"object","x-kubernetes-embedded-resource":true,"x-kubernetes-preserve-unknown-fields":true}}}""");

        var within = (await V2Async(group))!["properties"]!["spec"]!["properties"]!["within"]!;
        Assert.Equal(["a", "apiVersion", "kind", "metadata"], within["properties"]!.AsObject().Select(property => property.Key));
        Assert.Equal("""["kind","apiVersion"]""", within["required"]!.ToJsonString());
        var any = (await V2Async(group))!["properties"]!["spec"]!["properties"]!["any"]!;
        Assert.Null(any["properties"]);
        var third = (await V3Async(group, "v1"))!["properties"]!["spec"]!["properties"]!["any"]!;
        Assert.Equal("""["kind","apiVersion"]""", third["required"]!.ToJsonString());
    }

    [Fact]
    public async Task V3_KeepsTheWholeSchema()
    {
        var (group, _) = await rig.WidgetsAsync(
            """{"type":"object","x-kubernetes-preserve-unknown-fields":true,"properties":{"a":{"type":"string","nullable":true},"b":{"x-kubernetes-int-or-string":true}}}""");

        var spec = (await V3Async(group, "v1"))!["properties"]!["spec"]!;

        Assert.Equal(("string", "True"), (spec["properties"]!["a"]!["type"]!.ToString(), spec["properties"]!["a"]!["nullable"]!.GetValue<bool>().ToString()));
        Assert.Equal("""[{"type":"integer"},{"type":"string"}]""", spec["properties"]!["b"]!["anyOf"]!.ToJsonString());
    }

    [Fact]
    public async Task Versions_ThatAreRenamedOrNoLongerServed_LeaveTheDocuments()
    {
        var group = rig.NewGroup();
        var definition = CustomRig.Definition(group, """{"type":"object"}""");
        var second = definition["spec"]!["versions"]![0]!.DeepClone();
        (second["name"], second["storage"]) = ("v3", false);
        definition["spec"]!["versions"]!.AsArray().Add(second);
        await rig.DefineAsync(definition);
        Assert.NotNull(await V2Async(group));
        Assert.NotNull(await V2Async(group, "v3"));

        var path = $"{CustomRig.Definitions}/widgets.{group}";
        await rig.Rest.SendAsync(HttpMethod.Patch, path, """[{"op":"replace","path":"/spec/versions/1/name","value":"v4"}]""", "application/json-patch+json");
        await Eventually.True(async () => await V2Async(group, "v4") is not null && await V2Async(group, "v3") is null && await V2Async(group) is not null);

        await rig.Rest.SendAsync(HttpMethod.Patch, path, """[{"op":"replace","path":"/spec/versions/1/served","value":false}]""", "application/json-patch+json");
        await Eventually.True(async () => await V2Async(group, "v4") is null && await V2Async(group) is not null);

        await rig.Rest.SendAsync(HttpMethod.Delete, path);
        await Eventually.True(async () => await V2Async(group) is null);
    }

    private static void Schema(JsonObject definition, JsonNode schema) => definition["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"] = schema;

    private static string Name(string group, string version) => $"{string.Join('.', group.Split('.').Reverse())}.{version}.Widget";

    private async Task<JsonNode?> V2Async(string group, string version = "v1") =>
        (await rig.Rest.GetAsync("/openapi/v2")).Body["definitions"]![Name(group, version)];

    private async Task<JsonNode?> V3Async(string group, string version) =>
        (await rig.Rest.GetAsync($"/openapi/v3/apis/{group}/{version}")).Body["components"]!["schemas"]![Name(group, version)];
}

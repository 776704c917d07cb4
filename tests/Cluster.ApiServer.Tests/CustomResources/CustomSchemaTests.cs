using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using Cluster.Testing;

namespace Cluster.ApiServer.Tests.CustomResources;

/// <summary>What the schema of an added kind makes of its objects: mistakes, defaults, and what it does not know.</summary>
public sealed class CustomSchemaTests(CustomRig rig) : IClassFixture<CustomRig>
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    [Theory]
    [InlineData("""{"replicas":"many"}""", """spec.replicas: Invalid value: "string": spec.replicas in body must be of type integer: "string" """)]
    [InlineData("""{"replicas":11}""", "spec.replicas: Invalid value: 11: spec.replicas in body should be less than or equal to 10")]
    [InlineData("""{"replicas":0}""", "spec.replicas: Invalid value: 0: spec.replicas in body should be greater than or equal to 1")]
    [InlineData("""{"replicas":1.5}""", """spec.replicas: Invalid value: "number": spec.replicas in body must be of type integer: "number" """)]
    [InlineData("""{"replicas":null}""", "spec.replicas: Required value")]
    [InlineData("""{}""", "spec.replicas: Required value")]
    [InlineData("""{"replicas":1,"color":"mauve"}""", """spec.color: Unsupported value: "mauve": supported values: "red", "blue" """)]
    [InlineData("""{"replicas":1,"schedule":"x"}""", """spec.schedule: Invalid value: "x": spec.schedule in body should match '^[0-9]+$' """)]
    [InlineData("""{"replicas":1,"name":"toolong"}""", "spec.name: Too long: may not be more than 5 bytes")]
    [InlineData("""{"replicas":1,"name":"a"}""", """spec.name: Invalid value: "a": spec.name in body should be at least 2 chars long """)]
    [InlineData("""{"replicas":1,"tags":["a","b","a"]}""", """spec.tags[2]: Duplicate value: "a" """)]
    [InlineData("""{"replicas":1,"tags":[]}""", "spec.tags: Invalid value: 0: spec.tags in body should have at least 1 items")]
    [InlineData("""{"replicas":1,"ports":[{"port":1},{"port":1}]}""", """spec.ports[1]: Duplicate value: map[string]interface {}{"port":1} """)]
    [InlineData("""{"replicas":1,"ports":[{"name":"x"}]}""", "spec.ports[0].port: Required value")]
    [InlineData("""{"replicas":1,"limit":true}""", """spec.limit: Invalid value: "boolean": spec.limit in body must be of type integer,string: "boolean" """)]
    [InlineData("""{"replicas":1,"when":"today"}""", """spec.when: Invalid value: "today": spec.when in body must be of type date-time: "today" """)]
    [InlineData("""{"replicas":1,"either":{}}""", """<nil>: Invalid value: "": "spec.either" must validate one and only one schema (oneOf). Found none valid""")]
    public async Task Create_WithAMistake_IsInvalidInKubernetesWords(string spec, string message)
    {
        var (group, _) = await StrictWidgets();
        var (code, status) = await rig.CreateAsync(group, "bad", spec);

        Assert.Equal(HttpStatusCode.UnprocessableEntity, code);
        Assert.Equal("Invalid", status["reason"]!.ToString());
        Assert.Contains(message.TrimEnd(), status["message"]!.ToString(), StringComparison.Ordinal);
        Assert.StartsWith($"Widget.{group} \"bad\" is invalid: ", status["message"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_WithAValueOfAnotherType_HasThatAsItsCause()
    {
        var (group, _) = await StrictWidgets();
        var (_, status) = await rig.CreateAsync(group, "bad", """{"replicas":"many"}""");

        Assert.Equal(
            """[{"reason":"FieldValueTypeInvalid","message":"Invalid value: \"string\": spec.replicas in body must be of type integer: \"string\"","field":"spec.replicas"}]""",
            status["details"]!["causes"]!.ToJsonString(Plain));
    }

    [Fact]
    public async Task Create_OfWhatFits_IsTaken()
    {
        var (group, _) = await StrictWidgets();
        var (code, body) = await rig.CreateAsync(
            group, "good",
            """{"replicas":2,"color":"red","schedule":"12","name":"abc","tags":["a","b"],"ports":[{"port":1,"name":"x"},{"port":2}],"limit":"5%","when":"2024-01-02T03:04:05Z","either":{"a":1}}""");

        Assert.True(code == HttpStatusCode.Created, body.ToJsonString());
    }

    [Theory]
    [InlineData("{}", "spec.value.apiVersion: Required value: must not be empty, spec.value.kind: Required value: must not be empty")]
    [InlineData("""{"apiVersion":1,"kind":{}}""", "spec.value.apiVersion: Invalid value: 1: must be a string, spec.value.kind: Invalid value: map[]: must be a string")]
    [InlineData("""{"apiVersion":"","kind":"a b"}""", "spec.value.apiVersion: Invalid value: \"\": must not be empty, spec.value.kind: Invalid value: \"a b\": may have mixed case, but should otherwise match: a DNS-1035 label")]
    [InlineData("""{"apiVersion":"a/b/c","kind":"A"}""", "spec.value.apiVersion: Invalid value: \"a/b/c\": unexpected GroupVersion string: a/b/c")]
    [InlineData("""{"apiVersion":"v1","kind":"Pod","metadata":"x"}""", "spec.value.metadata: Invalid value: x: ")]
    [InlineData("""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"../up"}}""", "spec.value.metadata.name: Invalid value: \"../up\": may not contain '/'")]
    [InlineData("""{"apiVersion":"v1","kind":"Pod","metadata":{"labels":{"a b":"c"}}}""", "spec.value.metadata.labels: Invalid value: \"a b\": ")]
    public async Task Create_OfAnEmbeddedObjectThatIsNone_IsInvalid(string given, string message)
    {
        var (group, _) = await Embedding();
        var (code, status) = await rig.CreateAsync(group, "bad", $$"""{"value":{{given}} }""");

        Assert.True(code == HttpStatusCode.UnprocessableEntity, status.ToJsonString());
        Assert.Contains(message, status["message"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_OfAnEmbeddedObject_DropsWhatNoMetadataHas()
    {
        var (group, _) = await Embedding();
        var (code, body) = await rig.CreateAsync(group, "one", """{"value":{"apiVersion":"v1","kind":"Pod","metadata":{"labels":{"a":"b"},"foo":{}},"more":1} }""");

        Assert.True(code == HttpStatusCode.Created, body.ToJsonString());
        Assert.Equal("""{"apiVersion":"v1","kind":"Pod","metadata":{"labels":{"a":"b"}},"more":1}""", body["spec"]!["value"]!.ToJsonString());
    }

    private Task<(string Group, string Path)> Embedding() => rig.WidgetsAsync(
        """{"type":"object","properties":{"value":{"type":"object","x-kubernetes-embedded-resource":true,"x-kubernetes-preserve-unknown-fields":true} } }""");

    [Theory]
    [InlineData("""{"x-kubernetes-preserve-unknown-fields":true}""", """[{"a":{"b":1}}]""", """[{"a":{"b":1}}]""")]
    [InlineData("""{"x-kubernetes-preserve-unknown-fields":true}""", """[[{"a":[{"b":1}]}]]""", """[[{"a":[{"b":1}]}]]""")]
    [InlineData(
        """{"type":"array","x-kubernetes-preserve-unknown-fields":true,"items":{"type":"object","properties":{"known":{"type":"object"}}}}""",
        """[{"a":1,"known":{"b":1}}]""", """[{"a":1,"known":{}}]""")]
    [InlineData("""{"type":"array","items":{"type":"object","properties":{"known":{"type":"object"}}}}""", """[{"a":1,"known":{"b":1}}]""", """[{"known":{}}]""")]
    public async Task Create_OfAList_KeepsInItsItemsWhatTheSchemaKeeps(string schema, string given, string kept)
    {
        var (group, path) = await rig.WidgetsAsync($$"""{"type":"object","properties":{"value":{{schema}} } }""");
        var (code, body) = await rig.CreateAsync(group, "one", $$"""{"value":{{given}} }""");

        Assert.True(code == HttpStatusCode.Created, body.ToJsonString());
        Assert.Equal(kept, body["spec"]!["value"]!.ToJsonString());
        var (_, read) = await rig.Rest.GetAsync(path + "/one");
        Assert.Equal(kept, read["spec"]!["value"]!.ToJsonString());
        var (_, written) = await rig.PatchAsync(path + "/one", """{"metadata":{"labels":{"a":"b"}}}""");
        Assert.Equal(kept, written["spec"]!["value"]!.ToJsonString());
    }

    [Fact]
    public async Task Create_WhereDefaultsMultiply_IsRefused()
    {
        var (group, path) = await rig.WidgetsAsync(ListOf(new string('x', 100_000)));
        var (code, status) = await rig.CreateAsync(group, "large", new JsonObject { ["list"] = Empties(100_000) }.ToJsonString());
        Assert.Equal((HttpStatusCode.RequestEntityTooLarge, "RequestEntityTooLarge"), (code, status["reason"]!.ToString()));
        Assert.StartsWith("the defaults of its schema make the object too large", status["message"]!.ToString(), StringComparison.Ordinal);
        var (taken, _) = await rig.CreateAsync(group, "small", """{"list":[{},{}]}""");
        Assert.Equal(HttpStatusCode.Created, taken);
        Assert.Equal(100_000, (await rig.Rest.GetAsync(path + "/small")).Body["spec"]!["list"]![1]!["text"]!.ToString().Length);
    }

    [Fact]
    public async Task Get_WhereNewDefaultsMultiply_IsWithoutThem()
    {
        var (group, path) = await rig.WidgetsAsync("""{"type":"object","properties":{"list":{"type":"array","items":{"type":"object"}}}}""");
        var (made, body) = await rig.CreateAsync(group, "one", new JsonObject { ["list"] = Empties(10_000) }.ToJsonString());
        Assert.True(made == HttpStatusCode.Created, body.ToJsonString());
        await ReplaceAsync(group, ListOf(new string('x', 100_000)));
        await Eventually.True(async () => (await rig.CreateAsync(group, "probe", """{"list":[{}]}""", "?dryRun=All")).Body["spec"]?["list"]?[0]?["text"] is not null);

        var (code, one) = await rig.Rest.GetAsync(path + "/one");
        Assert.Equal(HttpStatusCode.OK, code);
        Assert.Equal(10_000, one["spec"]!["list"]!.AsArray().Count);
        Assert.Equal("{}", one["spec"]!["list"]![0]!.ToJsonString());
    }

    [Fact]
    public async Task Get_ThroughAnotherVersion_HasItsDefaults()
    {
        var group = rig.NewGroup();
        var definition = CustomRig.Definition(group, """{"type":"object","properties":{"size":{"type":"integer"}}}""");
        var versions = definition["spec"]!["versions"]!.AsArray();
        var second = versions[0]!.DeepClone();
        (second["name"], second["storage"]) = ("v2", false);
        second["schema"]!["openAPIV3Schema"]!["properties"]!["spec"]!["properties"]!["mode"] = JsonNode.Parse("""{"type":"string","default":"fast"}""");
        versions.Add(second);
        await rig.DefineAsync(definition);
        await rig.CreateAsync(group, "one", """{"size":1}""");

        Assert.Equal("""{"size":1}""", (await rig.Rest.GetAsync(CustomRig.Path(group) + "/one")).Body["spec"]!.ToJsonString());
        Assert.Equal("""{"mode":"fast","size":1}""", (await rig.Rest.GetAsync(CustomRig.Path(group, "v2") + "/one")).Body["spec"]!.ToJsonString());
        var (_, list) = await rig.Rest.GetAsync(CustomRig.Path(group, "v2"));
        Assert.Equal("fast", list["items"]![0]!["spec"]!["mode"]!.ToString());
        using var watch = await rig.Rest.Client.GetAsync(CustomRig.Path(group, "v2") + "?watch=true", HttpCompletionOption.ResponseHeadersRead);
        using var events = new StreamReader(await watch.Content.ReadAsStreamAsync());
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        Assert.Equal("fast", JsonNode.Parse((await events.ReadLineAsync(patience.Token))!)!["object"]!["spec"]!["mode"]!.ToString());
    }

    private static JsonArray Empties(int count) => new([.. Enumerable.Range(0, count).Select(_ => new JsonObject())]);

    private static string ListOf(string text) =>
        """{"type":"object","properties":{"list":{"type":"array","items":{"type":"object","properties":{"text":{"type":"string","default":"%"}}}}}}""".Replace("%", text, StringComparison.Ordinal);

    // The schema of the spec.
    private async Task ReplaceAsync(string group, string schema)
    {
        var name = $"{CustomRig.Definitions}/widgets.{group}";
        var (_, definition) = await rig.Rest.GetAsync(name);
        definition["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!["properties"]!["spec"] = JsonNode.Parse(schema);
        var (code, body) = await rig.Rest.SendAsync(HttpMethod.Put, name, definition.ToJsonString());
        Assert.True(code == HttpStatusCode.OK, body.ToJsonString());
    }

    [Fact]
    public async Task Create_FillsInDefaultsAndPrunes()
    {
        var (group, path) = await rig.WidgetsAsync(
            """
            {"type":"object","properties":{
              "size":{"type":"integer","default":3},
              "sub":{"type":"object","default":{},"properties":{"mode":{"type":"string","default":"fast"}}},
              "list":{"type":"array","items":{"type":"object","properties":{"on":{"type":"boolean","default":true}}}},
              "map":{"type":"object","additionalProperties":{"type":"string"}},
              "free":{"type":"object","x-kubernetes-preserve-unknown-fields":true,"properties":{"known":{"type":"object"}}}}}
            """);
        var (_, body) = await rig.CreateAsync(
            group, "one", """{"size":null,"list":[{"off":1}],"map":{"k":"v"},"free":{"x":{"y":1},"known":{"z":1}},"unknown":1}""");

        Assert.Equal(
            """{"free":{"known":{},"x":{"y":1}},"list":[{"on":true}],"map":{"k":"v"},"size":3,"sub":{"mode":"fast"}}""",
            body["spec"]!.ToJsonString());
        Assert.Equal(body["spec"]!.ToJsonString(), (await rig.Rest.GetAsync(path + "/one")).Body["spec"]!.ToJsonString());
    }

    [Fact]
    public async Task Create_WithUnknownFields_WarnsOrFailsAsAsked()
    {
        var (group, path) = await rig.WidgetsAsync("""{"type":"object","properties":{"size":{"type":"integer"}}}""");
        var (strict, refused) = await rig.CreateAsync(group, "one", """{"size":1,"sise":2}""", "?fieldValidation=Strict");
        using var response = await rig.Rest.Client.PostAsync(
            path, new StringContent(CustomRig.Widget(group, "two", """{"sise":2}"""), System.Text.Encoding.UTF8, "application/json"));
        var (ignored, _) = await rig.CreateAsync(group, "three", """{"sise":2}""", "?fieldValidation=Ignore");

        Assert.Equal(HttpStatusCode.BadRequest, strict);
        Assert.Equal(
            """Widget in version "v1" cannot be handled as a Widget: strict decoding error: unknown field "spec.sise" """.TrimEnd(), refused["message"]!.ToString());
        Assert.Equal(HttpStatusCode.Created, response.StatusCode);
        Assert.Equal("""299 - "unknown field \"spec.sise\"" """.TrimEnd(), string.Join("", response.Headers.GetValues("Warning")));
        Assert.Equal(HttpStatusCode.Created, ignored);
    }

    [Fact]
    public async Task Update_OfAnObjectALaxerSchemaLetIn_LooksAtWhatChangedAlone()
    {
        var group = rig.NewGroup();
        var definition = CustomRig.Definition(group, """{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"}}}""");
        await rig.DefineAsync(definition);
        await rig.CreateAsync(group, "one", """{"a":50,"b":1}""");
        var (_, stored) = await rig.Rest.GetAsync($"{CustomRig.Definitions}/widgets.{group}");
        stored["spec"]!["versions"]![0]!["schema"]!["openAPIV3Schema"]!["properties"]!["spec"]!["properties"]!["a"]!["maximum"] = 10;
        var (put, answer) = await rig.Rest.SendAsync(HttpMethod.Put, $"{CustomRig.Definitions}/widgets.{group}", stored.ToJsonString());
        Assert.True(put == HttpStatusCode.OK, answer.ToJsonString());
        await Cluster.Testing.Eventually.True(async () =>
            (await rig.CreateAsync(group, "two", """{"a":50}""", "?dryRun=All")).Code == HttpStatusCode.UnprocessableEntity);

        var (other, _) = await rig.PatchAsync(CustomRig.Path(group) + "/one", """{"spec":{"b":2}}""");
        var (same, _) = await rig.PatchAsync(CustomRig.Path(group) + "/one", """{"spec":{"a":51}}""");
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.UnprocessableEntity), (other, same));
    }

    private Task<(string Group, string Path)> StrictWidgets() => rig.WidgetsAsync(
        """
        {"type":"object","required":["replicas"],"properties":{
          "replicas":{"type":"integer","minimum":1,"maximum":10},
          "color":{"type":"string","enum":["red","blue"]},
          "schedule":{"type":"string","pattern":"^[0-9]+$"},
          "name":{"type":"string","minLength":2,"maxLength":5},
          "tags":{"type":"array","minItems":1,"x-kubernetes-list-type":"set","items":{"type":"string"}},
          "ports":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["port"],
            "items":{"type":"object","required":["port"],"properties":{"port":{"type":"integer"},"name":{"type":"string"}}}},
          "limit":{"x-kubernetes-int-or-string":true},
          "when":{"type":"string","format":"date-time"},
          "either":{"type":"object","properties":{"a":{"type":"integer"},"b":{"type":"integer"}},"oneOf":[{"required":["a"]},{"required":["b"]}]}}}
        """);
}

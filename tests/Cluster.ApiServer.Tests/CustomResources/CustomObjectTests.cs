using System.Net;
using System.Text.Json.Nodes;
using Cluster.Testing;

namespace Cluster.ApiServer.Tests.CustomResources;

/// <summary>Objects of added kinds over REST, on the real store.</summary>
public sealed class CustomObjectTests(CustomRig rig) : IClassFixture<CustomRig>
{
    private const string Anything = """{"type":"object","x-kubernetes-preserve-unknown-fields":true}""";

    [Fact]
    public async Task Object_LivesFromCreateToDelete()
    {
        var (group, path) = await rig.WidgetsAsync("""{"type":"object","properties":{"size":{"type":"integer"}}}""");
        var (code, created) = await rig.CreateAsync(group, "one", """{"size":3}""");
        Assert.Equal(HttpStatusCode.Created, code);
        Assert.Equal(($"{group}/v1", "Widget", "1"), (created["apiVersion"]!.ToString(), created["kind"]!.ToString(), created["metadata"]!["generation"]!.ToString()));

        created["spec"]!["size"] = 4;
        var (_, updated) = await rig.Rest.SendAsync(HttpMethod.Put, path + "/one", created.ToJsonString());
        Assert.Equal(("4", "2"), (updated["spec"]!["size"]!.ToString(), updated["metadata"]!["generation"]!.ToString()));
        var (_, labelled) = await rig.PatchAsync(path + "/one", """{"metadata":{"labels":{"a":"b"}}}""");
        Assert.Equal(("b", "2"), (labelled["metadata"]!["labels"]!["a"]!.ToString(), labelled["metadata"]!["generation"]!.ToString()));

        var (_, list) = await rig.Rest.GetAsync(path + "?labelSelector=a%3Db");
        Assert.Equal("WidgetList", list["kind"]!.ToString());
        var item = Assert.Single(list["items"]!.AsArray());
        Assert.Equal(($"{group}/v1", "Widget"), (item!["apiVersion"]!.ToString(), item["kind"]!.ToString()));

        var (deleted, status) = await rig.Rest.SendAsync(HttpMethod.Delete, path + "/one");
        Assert.Equal((HttpStatusCode.OK, "Success"), (deleted, status["status"]!.ToString()));
        var (gone, missing) = await rig.Rest.GetAsync(path + "/one");
        Assert.Equal((HttpStatusCode.NotFound, $"widgets.{group} \"one\" not found"), (gone, missing["message"]!.ToString()));
    }

    [Fact]
    public async Task Update_WithAStaleOrNoVersion_IsRefused()
    {
        var (group, path) = await rig.WidgetsAsync(Anything);
        var (_, created) = await rig.CreateAsync(group, "one", """{"a":1}""");
        await rig.PatchAsync(path + "/one", """{"spec":{"a":2}}""");
        created["spec"]!["a"] = 3;
        var (stale, conflict) = await rig.Rest.SendAsync(HttpMethod.Put, path + "/one", created.ToJsonString());
        created["metadata"]!.AsObject().Remove("resourceVersion");
        var (none, invalid) = await rig.Rest.SendAsync(HttpMethod.Put, path + "/one", created.ToJsonString());

        Assert.Equal((HttpStatusCode.Conflict, "Conflict"), (stale, conflict["reason"]!.ToString()));
        Assert.Equal(HttpStatusCode.UnprocessableEntity, none);
        Assert.Contains("metadata.resourceVersion: Invalid value", invalid["message"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Create_OfAnotherKindOrVersion_IsRefused()
    {
        var (group, path) = await rig.WidgetsAsync(Anything);
        var (version, wrongVersion) = await rig.Rest.PostAsync(path, CustomRig.Widget(group, "one", "{}", "v2"));
        var (kind, _) = await rig.Rest.PostAsync(path, $$"""{"apiVersion":"{{group}}/v1","kind":"Gadget","metadata":{"name":"one"} }""");
        var (none, _) = await rig.Rest.PostAsync(path, """{"metadata":{"name":"one"} }""");
        var (syntax, _) = await rig.Rest.PostAsync(path, "{");

        Assert.Equal(
            (HttpStatusCode.BadRequest, $"the API version in the data ({group}/v2) does not match the expected API version ({group}/v1)"),
            (version, wrongVersion["message"]!.ToString()));
        Assert.Equal((HttpStatusCode.BadRequest, HttpStatusCode.BadRequest, HttpStatusCode.BadRequest), (kind, none, syntax));
    }

    [Fact]
    public async Task Status_IsApart()
    {
        var (group, path) = await rig.WidgetsAsync(Anything, """{"subresources":{"status":{}}}""");
        var (_, created) = await rig.Rest.PostAsync(
            path, $$"""{"apiVersion":"{{group}}/v1","kind":"Widget","metadata":{"name":"one"},"spec":{"a":1},"status":{"b":1} }""");
        Assert.Null(created["status"]);

        var (_, written) = await rig.PatchAsync(path + "/one/status", """{"metadata":{"labels":{"x":"y"}},"spec":{"a":2},"status":{"b":2}}""");
        Assert.Equal(("""{"a":1}""", """{"b":2}"""), (written["spec"]!.ToJsonString(), written["status"]!.ToJsonString()));
        Assert.Equal("1", written["metadata"]!["generation"]!.ToString());
        Assert.Null(written["metadata"]!["labels"]);

        var (_, spec) = await rig.PatchAsync(path + "/one", """{"spec":{"a":3},"status":{"b":3}}""");
        Assert.Equal(("""{"a":3}""", """{"b":2}""", "2"), (spec["spec"]!.ToJsonString(), spec["status"]!.ToJsonString(), spec["metadata"]!["generation"]!.ToString()));
    }

    [Fact]
    public async Task Scale_ReadsAndSetsReplicas()
    {
        var (group, path) = await rig.WidgetsAsync(
            Anything,
            """{"subresources":{"status":{},"scale":{"specReplicasPath":".spec.wanted.replicas","statusReplicasPath":".status.replicas","labelSelectorPath":".status.selector"}}}""");
        await rig.CreateAsync(group, "one", """{"wanted":{"replicas":2}}""");
        await rig.PatchAsync(path + "/one/status", """{"status":{"replicas":1,"selector":"app=x"}}""");

        var (_, scale) = await rig.Rest.GetAsync(path + "/one/scale");
        Assert.Equal(("Scale", "autoscaling/v1", "2"), (scale["kind"]!.ToString(), scale["apiVersion"]!.ToString(), scale["spec"]!["replicas"]!.ToString()));
        Assert.Equal(("1", "app=x"), (scale["status"]!["replicas"]!.ToString(), scale["status"]!["selector"]!.ToString()));
        scale["spec"]!["replicas"] = 5;
        var (put, _) = await rig.Rest.SendAsync(HttpMethod.Put, path + "/one/scale", scale.ToJsonString());
        Assert.Equal(HttpStatusCode.OK, put);
        await rig.PatchAsync(path + "/one/scale", """{"spec":{"replicas":7}}""");
        Assert.Equal("7", (await rig.Rest.GetAsync(path + "/one")).Body["spec"]!["wanted"]!["replicas"]!.ToString());
        var (bad, _) = await rig.PatchAsync(path + "/one/scale", """{"spec":{"replicas":-1}}""");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, bad);
    }

    [Fact]
    public async Task Patch_ByJsonPatch_ChangesAndByStrategicPatch_IsRefused()
    {
        var (group, path) = await rig.WidgetsAsync(Anything);
        await rig.CreateAsync(group, "one", """{"list":[1,2]}""");
        var (_, patched) = await rig.Rest.SendAsync(
            HttpMethod.Patch, path + "/one", """[{"op":"add","path":"/spec/list/1","value":7}]""", "application/json-patch+json");
        var (code, refused) = await rig.Rest.SendAsync(
            HttpMethod.Patch, path + "/one", """{"spec":{"list":[1]}}""", "application/strategic-merge-patch+json");

        Assert.Equal("[1,7,2]", patched["spec"]!["list"]!.ToJsonString());
        Assert.Equal(HttpStatusCode.UnsupportedMediaType, code);
        Assert.Contains(
            "accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml",
            refused["message"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Apply_MergesByTheSchemasListTypes()
    {
        var (group, path) = await rig.WidgetsAsync(
            """
            {"type":"object","properties":{
              "ports":{"type":"array","x-kubernetes-list-type":"map","x-kubernetes-list-map-keys":["name"],
                "items":{"type":"object","required":["name"],"properties":{"name":{"type":"string"},"port":{"type":"integer"}}}},
              "tags":{"type":"array","x-kubernetes-list-type":"set","items":{"type":"string"}},
              "whole":{"type":"array","items":{"type":"integer"}}}}
            """);
        await ApplyAsync(group, path, "first", """{"ports":[{"name":"a","port":1}],"tags":["x"],"whole":[1]}""");
        var (code, merged) = await ApplyAsync(group, path, "second", """{"ports":[{"name":"b","port":2}],"tags":["y"]}""");
        Assert.True(code == HttpStatusCode.OK, merged.ToJsonString());
        Assert.Equal("""[{"name":"a","port":1},{"name":"b","port":2}]""", merged["spec"]!["ports"]!.ToJsonString());
        Assert.Equal("""["x","y"]""", merged["spec"]!["tags"]!.ToJsonString());

        var (conflict, status) = await ApplyAsync(group, path, "second", """{"whole":[2]}""");
        Assert.Equal(HttpStatusCode.Conflict, conflict);
        Assert.Contains("conflict with \"first\": .spec.whole", status["message"]!.ToString(), StringComparison.Ordinal);

        var (_, removed) = await ApplyAsync(group, path, "second", "{}");
        Assert.Equal("""[{"name":"a","port":1}]""", removed["spec"]!["ports"]!.ToJsonString());
        var (bad, wrong) = await ApplyAsync(group, path, "second", """{"nothing":1}""");
        Assert.Equal(HttpStatusCode.BadRequest, bad);
        Assert.Contains(".spec.nothing: field not declared in schema", wrong["message"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task List_ByPages_ContinuesAndSelects()
    {
        var (group, path) = await rig.WidgetsAsync(
            """{"type":"object","properties":{"color":{"type":"string"}}}""", """{"selectableFields":[{"jsonPath":".spec.color"}]}""");
        foreach (var name in (string[])["a", "b", "c"])
            await rig.CreateAsync(group, name, $$"""{"color":"{{(name == "b" ? "red" : "blue")}}"}""");
        var (_, first) = await rig.Rest.GetAsync(path + "?limit=2");
        var (_, rest) = await rig.Rest.GetAsync($"{path}?limit=2&continue={Uri.EscapeDataString(first["metadata"]!["continue"]!.ToString())}");
        var (_, named) = await rig.Rest.GetAsync(path + "?fieldSelector=metadata.name%3Db");
        var (_, red) = await rig.Rest.GetAsync(path + "?fieldSelector=spec.color%3Dred");
        var (code, unknown) = await rig.Rest.GetAsync(path + "?fieldSelector=spec.size%3D1");

        Assert.Equal(("a,b", "c", "b", "b"), (Names(first), Names(rest), Names(named), Names(red)));
        Assert.Equal(HttpStatusCode.BadRequest, code);
        Assert.Contains("field label not supported: spec.size", unknown["message"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Get_AsTableMetadataOrProtobuf_IsWhatIsOffered()
    {
        var (group, path) = await rig.WidgetsAsync(
            Anything,
            """
            {"additionalPrinterColumns":[
              {"name":"Size","type":"integer","jsonPath":".spec.size"},
              {"name":"Ready","type":"string","jsonPath":".spec.conditions[?(@.type==\"Ready\")].status","priority":1},
              {"name":"Since","type":"date","jsonPath":".metadata.creationTimestamp"}]}
            """);
        await rig.CreateAsync(group, "one", """{"size":3,"conditions":[{"type":"Other","status":"no"},{"type":"Ready","status":"True"}]}""");
        var (_, table) = await rig.Rest.GetAsync(path, "application/json;as=Table;v=v1;g=meta.k8s.io,application/json");
        var (_, partial) = await rig.Rest.GetAsync(path + "/one", "application/json;as=PartialObjectMetadata;v=v1;g=meta.k8s.io");
        using var refused = await SendAsync(path, "application/vnd.kubernetes.protobuf");
        var (mixed, _) = await rig.Rest.GetAsync(path, "application/vnd.kubernetes.protobuf,application/json");

        Assert.Equal(["Name", "Size", "Ready", "Since"], table["columnDefinitions"]!.AsArray().Select(column => column!["name"]!.ToString()));
        var cells = table["rows"]![0]!["cells"]!.AsArray();
        Assert.Equal(("one", "3", "True"), (cells[0]!.ToString(), cells[1]!.ToString(), cells[2]!.ToString()));
        Assert.EndsWith("s", cells[3]!.ToString(), StringComparison.Ordinal);
        Assert.Equal(("PartialObjectMetadata", "one"), (partial["kind"]!.ToString(), partial["metadata"]!["name"]!.ToString()));
        Assert.Null(partial["spec"]);
        Assert.Equal(HttpStatusCode.NotAcceptable, refused.StatusCode);
        Assert.Contains(
            "only the following media types are accepted: application/json, application/yaml", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.OK, mixed);
    }

    [Fact]
    public async Task DryRun_StoresNothing()
    {
        var (group, path) = await rig.WidgetsAsync(Anything);
        var (created, _) = await rig.CreateAsync(group, "one", "{}", "?dryRun=All");
        Assert.Equal(HttpStatusCode.Created, created);
        Assert.Equal(HttpStatusCode.NotFound, (await rig.Rest.GetAsync(path + "/one")).Code);
    }

    [Fact]
    public async Task Versions_WithoutConversion_DifferByTheirNamesAndFields()
    {
        var group = rig.NewGroup();
        var definition = CustomRig.Definition(group, """{"type":"object","properties":{"a":{"type":"integer"},"old":{"type":"integer"}}}""");
        var versions = definition["spec"]!["versions"]!.AsArray();
        var second = versions[0]!.DeepClone();
        (second["name"], second["storage"], second["deprecated"]) = ("v1beta1", false, true);
        second["schema"]!["openAPIV3Schema"]!["properties"]!["spec"]!["properties"]!.AsObject().Remove("old");
        versions.Add(second);
        await rig.DefineAsync(definition);
        await rig.CreateAsync(group, "one", """{"a":1,"old":2}""");

        using var response = await rig.Rest.Client.GetAsync(CustomRig.Path(group, "v1beta1") + "/one");
        var beta = JsonNode.Parse(await response.Content.ReadAsStringAsync())!;
        Assert.Equal(($"{group}/v1beta1", """{"a":1}"""), (beta["apiVersion"]!.ToString(), beta["spec"]!.ToJsonString()));
        Assert.Equal($"299 - \"{group}/v1beta1 Widget is deprecated\"", string.Join("", response.Headers.GetValues("Warning")));
        var (created, _) = await rig.Rest.PostAsync(CustomRig.Path(group, "v1beta1"), CustomRig.Widget(group, "two", """{"a":5}""", "v1beta1"));
        Assert.Equal(HttpStatusCode.Created, created);
        var (_, list) = await rig.Rest.GetAsync(CustomRig.Path(group));
        Assert.Equal("one,two", Names(list));
        Assert.All(list["items"]!.AsArray(), item => Assert.Equal($"{group}/v1", item!["apiVersion"]!.ToString()));
        var (_, patched) = await rig.PatchAsync(CustomRig.Path(group, "v1beta1") + "/two", """{"spec":{"a":6}}""");
        Assert.Equal(($"{group}/v1beta1", "6"), (patched["apiVersion"]!.ToString(), patched["spec"]!["a"]!.ToString()));
    }

    [Fact]
    public async Task Get_ThroughTheVersionItWasStoredIn_KeepsItsFieldsWhenAnotherIsStoredNow()
    {
        var group = rig.NewGroup();
        var definition = CustomRig.Definition(group, """{"type":"object","required":["old"],"properties":{"a":{"type":"integer"},"old":{"type":"integer"}}}""");
        await rig.DefineAsync(definition);
        await rig.CreateAsync(group, "one", """{"a":1,"old":2}""");
        var (_, current) = await rig.Rest.GetAsync($"{CustomRig.Definitions}/widgets.{group}");
        var versions = current["spec"]!["versions"]!.AsArray();
        var second = versions[0]!.DeepClone();
        second["name"] = "v2";
        var spec = second["schema"]!["openAPIV3Schema"]!["properties"]!["spec"]!.AsObject();
        spec.Remove("required");
        spec["properties"]!.AsObject().Remove("old");
        versions[0]!["storage"] = false;
        versions.Add(second);
        var (code, _) = await rig.Rest.SendAsync(HttpMethod.Put, $"{CustomRig.Definitions}/widgets.{group}", current.ToJsonString());
        Assert.Equal(HttpStatusCode.OK, code);
        await Eventually.True(async () => (await rig.Rest.GetAsync(CustomRig.Path(group, "v2"))).Code == HttpStatusCode.OK);

        Assert.Equal("""{"a":1}""", (await rig.Rest.GetAsync(CustomRig.Path(group, "v2") + "/one")).Body["spec"]!.ToJsonString());
        Assert.Equal("""{"a":1,"old":2}""", (await rig.Rest.GetAsync(CustomRig.Path(group) + "/one")).Body["spec"]!.ToJsonString());
        Assert.Equal("2", (await rig.Rest.GetAsync(CustomRig.Path(group))).Body["items"]![0]!["spec"]!["old"]!.ToString());
        // What is not in the stored version any more is no change of the spec.
        var (labelled, one) = await rig.PatchAsync(CustomRig.Path(group) + "/one", """{"metadata":{"labels":{"a":"b"}}}""");
        Assert.True(labelled == HttpStatusCode.OK, one.ToJsonString());
        Assert.Equal("1", one["metadata"]!["generation"]!.ToString());
    }

    [Fact]
    public async Task Scale_ThroughTheVersionItWasStoredIn_KnowsWhatThatRequires()
    {
        var group = rig.NewGroup();
        var definition = CustomRig.Definition(
            group, """{"type":"object","required":["old"],"properties":{"a":{"type":"integer"},"old":{"type":"integer"},"replicas":{"type":"integer"}}}""");
        definition["spec"]!["versions"]![0]!["subresources"] = JsonNode.Parse("""{"scale":{"specReplicasPath":".spec.replicas","statusReplicasPath":".status.replicas"}}""");
        await rig.DefineAsync(definition);
        await rig.CreateAsync(group, "applied", """{"a":1,"old":2,"replicas":1}""");
        var (_, current) = await rig.Rest.GetAsync($"{CustomRig.Definitions}/widgets.{group}");
        var versions = current["spec"]!["versions"]!.AsArray();
        var second = versions[0]!.DeepClone();
        second["name"] = "v2";
        var spec = second["schema"]!["openAPIV3Schema"]!["properties"]!["spec"]!.AsObject();
        spec.Remove("required");
        spec["properties"]!.AsObject().Remove("old");
        versions[0]!["storage"] = false;
        versions.Add(second);
        await rig.Rest.SendAsync(HttpMethod.Put, $"{CustomRig.Definitions}/widgets.{group}", current.ToJsonString());
        await Eventually.True(async () => (await rig.Rest.GetAsync(CustomRig.Path(group, "v2"))).Code == HttpStatusCode.OK);

        var (scales, scale) = await rig.PatchAsync(CustomRig.Path(group) + "/applied/scale", """{"spec":{"replicas":3}}""");
        Assert.True(scales == HttpStatusCode.OK, scale.ToJsonString());
        Assert.Equal("3", (await rig.Rest.GetAsync(CustomRig.Path(group, "v2") + "/applied")).Body["spec"]!["replicas"]!.ToString());
    }

    private async Task<HttpResponseMessage> SendAsync(string path, string accept)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.TryAddWithoutValidation("Accept", accept);
        return await rig.Rest.Client.SendAsync(request);
    }

    private static string Names(JsonNode list) => string.Join(',', list["items"]!.AsArray().Select(item => item!["metadata"]!["name"]!.ToString()));

    private Task<(HttpStatusCode Code, JsonNode Body)> ApplyAsync(string group, string path, string manager, string spec) => rig.Rest.SendAsync(
        HttpMethod.Patch, $"{path}/applied?fieldManager={manager}", CustomRig.Widget(group, "applied", spec), "application/apply-patch+yaml");
}

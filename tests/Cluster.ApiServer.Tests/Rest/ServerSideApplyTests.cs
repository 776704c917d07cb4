using System.Net;
using System.Text.Json.Nodes;

namespace Cluster.ApiServer.Tests.Rest;

public sealed class ServerSideApplyTests : IAsyncLifetime
{
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";
    private const string Deployments = "/apis/apps/v1/namespaces/default/deployments";

    private const string Deployment = """
        apiVersion: apps/v1
        kind: Deployment
        metadata: {name: web}
        spec:
          replicas: 2
          selector: {matchLabels: {app: web}}
          template:
            metadata: {labels: {app: web}}
            spec: {containers: [{name: main, image: one}]}
        """;

    private RestRig _rig = null!;

    public async ValueTask InitializeAsync() => _rig = await RestRig.StartAsync();

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task Apply_OfNothing_CreatesAndOwnsWhatIsApplied()
    {
        var (code, body) = await ApplyAsync($"{Deployments}/web", Deployment);

        Assert.Equal(HttpStatusCode.Created, code);
        Assert.Equal("RollingUpdate", (string?)body["spec"]!["strategy"]!["type"]);
        var owner = Assert.Single(Owners(body));
        Assert.Equal("me", (string?)owner!["manager"]);
        Assert.Equal("Apply", (string?)owner["operation"]);
        Assert.Equal("apps/v1", (string?)owner["apiVersion"]);
        Assert.Equal("FieldsV1", (string?)owner["fieldsType"]);
        Assert.NotNull(owner["time"]);
        Assert.Equal(
            """{"f:spec":{"f:replicas":{},"f:selector":{},"f:template":{"f:metadata":{"f:labels":{"f:app":{}}},"f:spec":{"f:containers":{"k:{\"name\":\"main\"}":{".":{},"f:image":{},"f:name":{}}}}}}}""",
            owner["fieldsV1"]!.ToJsonString(Relaxed));
    }

    [Fact]
    public async Task Apply_Again_WritesNothing()
    {
        var (_, first) = await ApplyAsync($"{Deployments}/web", Deployment);
        var (code, second) = await ApplyAsync($"{Deployments}/web", Deployment);

        Assert.Equal(HttpStatusCode.OK, code);
        Assert.Equal(first.ToJsonString(), second.ToJsonString());
    }

    [Fact]
    public async Task Apply_OfAnOtherOnesField_IsAConflictUntilForced()
    {
        await PostAsync(ConfigMaps, """{"metadata":{"name":"one"},"data":{"a":"1","b":"1"}}""", "creator");
        const string wanted = """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one"},"data":{"a":"2"}}""";
        var (code, body) = await ApplyAsync($"{ConfigMaps}/one", wanted);

        Assert.Equal(HttpStatusCode.Conflict, code);
        Assert.Equal("Conflict", (string?)body["reason"]);
        Assert.Equal("Apply failed with 1 conflict: conflict with \"creator\" using v1: .data.a", (string?)body["message"]);
        var cause = Assert.Single(body["details"]!["causes"]!.AsArray());
        Assert.Equal("FieldManagerConflict", (string?)cause!["reason"]);
        Assert.Equal("conflict with \"creator\" using v1", (string?)cause["message"]);
        Assert.Equal(".data.a", (string?)cause["field"]);

        var (forced, taken) = await ApplyAsync($"{ConfigMaps}/one", wanted, "force=true");
        Assert.Equal(HttpStatusCode.OK, forced);
        Assert.Equal("2", (string?)taken["data"]!["a"]);
        Assert.Equal("""{"f:data":{".":{},"f:b":{}}}""", Fields(taken, "creator"));
        Assert.Equal("""{"f:data":{"f:a":{}}}""", Fields(taken, "me"));
    }

    [Fact]
    public async Task Apply_WithoutAFieldOfItsOwn_RemovesIt()
    {
        await ApplyAsync($"{ConfigMaps}/one", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one"},"data":{"a":"1","b":"1"}}""");
        var (_, body) = await ApplyAsync($"{ConfigMaps}/one", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one"},"data":{"b":"1"}}""");

        Assert.Equal("""{"b":"1"}""", body["data"]!.ToJsonString());
    }

    [Fact]
    public async Task Apply_WithoutManager_IsInvalid()
    {
        var (code, body) = await _rig.SendAsync(HttpMethod.Patch, $"{ConfigMaps}/one", "{}", "application/apply-patch+yaml");

        Assert.Equal(HttpStatusCode.UnprocessableEntity, code);
        Assert.Equal(
            "PatchOptions.meta.k8s.io \"\" is invalid: fieldManager: Required value: is required for apply patch", (string?)body["message"]);
    }

    [Theory]
    [InlineData("fieldManager=a%07b", "invalid character U+0007 (at position 1)")]
    [InlineData("force=true", "force: Forbidden: may not be specified for non-apply patch")]
    public async Task Patch_WithBadOptions_IsInvalid(string query, string expected)
    {
        var (code, body) = await _rig.SendAsync(HttpMethod.Patch, $"{ConfigMaps}/one?{query}", "{}", "application/merge-patch+json");

        Assert.Equal(HttpStatusCode.UnprocessableEntity, code);
        Assert.Contains(expected, (string?)body["message"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{}}", 400, "the name of the object (one based on URL) was undeterminable: name must be provided")]
    [InlineData("{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"two\"}}", 400, "the name of the object (two) does not match the name on the URL (one)")]
    [InlineData("{\"apiVersion\":\"v1\",\"kind\":\"Secret\",\"metadata\":{\"name\":\"one\"}}", 400, "invalid object type: /v1, Kind=Secret")]
    [InlineData("a: [", 400, "error decoding YAML: error converting YAML to JSON: yaml: ")]
    [InlineData("{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"one\",\"managedFields\":[]}}", 400, "metadata.managedFields must be nil")]
    [InlineData("{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"one\"},\"dat\":{}}", 400, "failed to create typed patch object (/one; /v1, Kind=ConfigMap): .dat: field not declared in schema")]
    [InlineData("{\"apiVersion\":\"v1\",\"kind\":\"ConfigMap\",\"metadata\":{\"name\":\"one\"},\"data\":{\"a\":\"1\",\"a\":\"2\"}}", 400, "error strict decoding YAML")]
    public async Task Apply_OfWhatIsNoObject_SaysWhy(string patch, int expectedCode, string expected)
    {
        var (code, body) = await ApplyAsync($"{ConfigMaps}/one", patch, "fieldValidation=Strict");

        Assert.Equal(expectedCode, (int)code);
        Assert.StartsWith(expected, (string?)body["message"], StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.NotFound, (await _rig.GetAsync($"{ConfigMaps}/one")).Code);
    }

    [Fact]
    public async Task Apply_DryRun_AnswersAndStoresNothing()
    {
        var (code, body) = await ApplyAsync($"{Deployments}/web", Deployment, "dryRun=All");

        Assert.Equal(HttpStatusCode.Created, code);
        Assert.Single(Owners(body));
        Assert.Equal(HttpStatusCode.NotFound, (await _rig.GetAsync($"{Deployments}/web")).Code);
    }

    [Fact]
    public async Task Apply_OfTheStatus_LeavesTheSpecAlone()
    {
        await ApplyAsync($"{Deployments}/web", Deployment);
        var (code, body) = await ApplyAsync(
            $"{Deployments}/web/status",
            """{"apiVersion":"apps/v1","kind":"Deployment","metadata":{"name":"web"},"spec":{"replicas":9},"status":{"replicas":2,"observedGeneration":1}}""");

        Assert.Equal(HttpStatusCode.OK, code);
        Assert.Equal(2, (int)body["spec"]!["replicas"]!);
        Assert.Equal(2, (int)body["status"]!["replicas"]!);
        var owner = Owners(body).Single(entry => (string?)entry!["subresource"] == "status");
        Assert.Equal("""{"f:status":{"f:observedGeneration":{},"f:replicas":{}}}""", owner!["fieldsV1"]!.ToJsonString());

        var (missing, _) = await ApplyAsync($"{Deployments}/none/status", Deployment.Replace("web", "none", StringComparison.Ordinal));
        Assert.Equal(HttpStatusCode.NotFound, missing);
    }

    [Fact]
    public async Task Scale_TakesTheReplicasFromTheirOwner()
    {
        await ApplyAsync($"{Deployments}/web", Deployment);
        await _rig.SendAsync(
            HttpMethod.Patch, $"{Deployments}/web/scale?fieldManager=scaler", """{"spec":{"replicas":5}}""", "application/merge-patch+json");
        var (_, body) = await _rig.GetAsync($"{Deployments}/web");

        Assert.Equal(5, (int)body["spec"]!["replicas"]!);
        Assert.Equal("""{"f:spec":{"f:replicas":{}}}""", Fields(body, "scaler"));
        Assert.Equal("scale", (string?)Owners(body).Single(entry => (string?)entry!["manager"] == "scaler")!["subresource"]);
        Assert.DoesNotContain("f:replicas", Fields(body, "me"), StringComparison.Ordinal);

        var (code, conflict) = await ApplyAsync($"{Deployments}/web", Deployment);
        Assert.Equal(HttpStatusCode.Conflict, code);
        Assert.Equal(
            "Apply failed with 1 conflict: conflict with \"scaler\" with subresource \"scale\" using apps/v1: .spec.replicas",
            (string?)conflict["message"]);
        var (_, scale) = await _rig.GetAsync($"{Deployments}/web/scale");
        Assert.Equal("scaler", (string?)Assert.Single(Owners(scale))!["manager"]);
    }

    [Fact]
    public async Task Update_NotesWhatItsWriterChanged()
    {
        await PostAsync(ConfigMaps, """{"metadata":{"name":"one"},"data":{"a":"1"}}""", "first");
        var (_, body) = await _rig.SendAsync(
            HttpMethod.Patch, $"{ConfigMaps}/one?fieldManager=second", """{"data":{"a":"2","b":"1"}}""", "application/merge-patch+json");

        Assert.Equal("""{"f:data":{}}""", Fields(body, "first"));
        Assert.Equal("""{"f:data":{"f:a":{},"f:b":{}}}""", Fields(body, "second"));
        Assert.All(Owners(body), entry => Assert.Equal("Update", (string?)entry!["operation"]));

        var (_, same) = await _rig.SendAsync(
            HttpMethod.Patch, $"{ConfigMaps}/one?fieldManager=third", """{"data":{"b":"1"}}""", "application/merge-patch+json");
        Assert.Equal(body.ToJsonString(), same.ToJsonString());
    }

    [Theory]
    [InlineData("[{}]")]
    [InlineData("[]")]
    public async Task Update_WithEmptyManagedFields_ForgetsAllOwners(string empty)
    {
        await PostAsync(ConfigMaps, """{"metadata":{"name":"one"},"data":{"a":"1"}}""", "first");
        var (_, body) = await _rig.SendAsync(
            HttpMethod.Patch, $"{ConfigMaps}/one", "{\"metadata\":{\"managedFields\":" + empty + "}}", "application/merge-patch+json");

        Assert.Null(body["metadata"]!["managedFields"]);
        var (_, applied) = await ApplyAsync($"{ConfigMaps}/one", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one"},"data":{"b":"1"}}""");
        Assert.Equal("""{"f:data":{".":{},"f:a":{}}}""", Fields(applied, "before-first-apply"));
    }

    [Fact]
    public async Task Apply_ByManyAtOnce_LosesNothing()
    {
        await Task.WhenAll(Enumerable.Range(0, 8).Select(async index =>
        {
            var patch = """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"one"},"data":{"kN":"1"}}""".Replace("kN", $"k{index}", StringComparison.Ordinal);
            var (code, _) = await _rig.SendAsync(
                HttpMethod.Patch, $"{ConfigMaps}/one?fieldManager=m{index}", patch, "application/apply-patch+yaml");
            Assert.True(code is HttpStatusCode.OK or HttpStatusCode.Created, code.ToString());
        }));
        var (_, body) = await _rig.GetAsync($"{ConfigMaps}/one");

        Assert.Equal(8, body["data"]!.AsObject().Count);
        Assert.Equal(8, Owners(body).Count);
    }

    private static readonly System.Text.Json.JsonSerializerOptions Relaxed =
        new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private Task<(HttpStatusCode Code, JsonNode Body)> ApplyAsync(string path, string patch, string query = "force=false") =>
        _rig.SendAsync(HttpMethod.Patch, $"{path}?fieldManager=me&{query}", patch, "application/apply-patch+yaml");

    private Task<(HttpStatusCode Code, JsonNode Body)> PostAsync(string path, string body, string manager) =>
        _rig.PostAsync($"{path}?fieldManager={manager}", body);

    private static JsonArray Owners(JsonNode body) => body["metadata"]!["managedFields"]!.AsArray();

    private static string Fields(JsonNode body, string manager) =>
        Owners(body).Single(entry => (string?)entry!["manager"] == manager)!["fieldsV1"]!.ToJsonString(Relaxed);
}

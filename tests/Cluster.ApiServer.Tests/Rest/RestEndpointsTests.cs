using System.Net;
using System.Text.Json.Nodes;
using Cluster.ApiServer.Tests.Registry;

namespace Cluster.ApiServer.Tests.Rest;

public sealed class RestEndpointsTests : IAsyncLifetime
{
    private const string Pods = "/api/v1/namespaces/default/pods";
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";

    private RestRig _rig = null!;

    public async ValueTask InitializeAsync() => _rig = await RestRig.StartAsync();

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task Post_Pod_IsStoredWithSystemMetadata()
    {
        var (code, body) = await _rig.PostAsync(Pods, PodJson("web"));

        Assert.Equal(HttpStatusCode.Created, code);
        Assert.Equal("Pod", Text(body["kind"]));
        Assert.NotEqual("", Text(body["metadata"]!["uid"]));
        Assert.NotEqual("", Text(body["metadata"]!["resourceVersion"]));
        Assert.Equal("Pending", Text(body["status"]!["phase"]));
        Assert.Equal("BestEffort", Text(body["status"]!["qosClass"]));
        Assert.Equal("default-scheduler", Text(body["spec"]!["schedulerName"]));
        var (_, read) = await _rig.GetAsync(Pods + "/web");
        Assert.Equal(body.ToJsonString(), read.ToJsonString());
    }

    [Fact]
    public async Task Get_Missing_IsKubernetesNotFound()
    {
        var (code, body) = await _rig.GetAsync(Pods + "/none");

        Assert.Equal(HttpStatusCode.NotFound, code);
        Assert.Equal("""pods "none" not found""", Text(body["message"]));
        Assert.Equal("NotFound", Text(body["reason"]));
        Assert.Equal("pods", Text(body["details"]!["kind"]));
    }

    [Fact]
    public async Task Post_Twice_IsAlreadyExists()
    {
        await _rig.PostAsync(ConfigMaps, MapJson("one"));
        var (code, body) = await _rig.PostAsync(ConfigMaps, MapJson("one"));

        Assert.Equal(HttpStatusCode.Conflict, code);
        Assert.Equal("""configmaps "one" already exists""", Text(body["message"]));
    }

    [Theory]
    [InlineData(70)]
    [InlineData(200)]
    public async Task List_LongerThanABuffer_ComesToItsEnd(int objects)
    {
        var value = new string('x', 1000);
        for (var i = 0; i < objects; i++)
            await _rig.Core.CreateAsync(RegistryRig.ConfigMap($"long-{i:000}", value));

        var (code, body) = await _rig.GetAsync(ConfigMaps).WaitAsync(TimeSpan.FromSeconds(60));

        Assert.Equal(HttpStatusCode.OK, code);
        Assert.Equal($"long-{objects - 1:000}", Text(body["items"]!.AsArray().Last()!["metadata"]!["name"]));
    }

    [Fact]
    public async Task Post_Yaml_IsRead()
    {
        var yaml = "apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: fromyaml\ndata:\n  key: value\n";
        var (code, body) = await _rig.SendAsync(HttpMethod.Post, ConfigMaps, yaml, "application/yaml");

        Assert.Equal(HttpStatusCode.Created, code);
        Assert.Equal("value", Text(body["data"]!["key"]));
    }

    [Fact]
    public async Task Put_StaleVersion_IsConflictWithKubernetesText()
    {
        var (_, created) = await _rig.PostAsync(ConfigMaps, MapJson("one"));
        var stale = created.DeepClone();
        created["data"]!["key"] = "2";
        var (first, _) = await _rig.SendAsync(HttpMethod.Put, ConfigMaps + "/one", created.ToJsonString());
        stale["data"]!["key"] = "3";
        var (code, body) = await _rig.SendAsync(HttpMethod.Put, ConfigMaps + "/one", stale.ToJsonString());

        Assert.Equal(HttpStatusCode.OK, first);
        Assert.Equal(HttpStatusCode.Conflict, code);
        Assert.Equal(
            "Operation cannot be fulfilled on configmaps \"one\": the object has been modified; please apply your changes to the latest version and try again",
            Text(body["message"]));
    }

    [Fact]
    public async Task Patch_Strategic_ChangesTheObject()
    {
        await _rig.PostAsync(ConfigMaps, MapJson("one"));
        var (code, body) = await _rig.SendAsync(
            HttpMethod.Patch, ConfigMaps + "/one", """{"data":{"more":"x"}}""", "application/strategic-merge-patch+json");

        Assert.Equal(HttpStatusCode.OK, code);
        Assert.Equal("1", Text(body["data"]!["key"]));
        Assert.Equal("x", Text(body["data"]!["more"]));
    }

    [Theory]
    [InlineData("application/apply-patch+cbor")]
    [InlineData("application/json")]
    public async Task Patch_OfUnknownType_IsUnsupportedMediaType(string type)
    {
        await _rig.PostAsync(ConfigMaps, MapJson("one"));
        var (code, body) = await _rig.SendAsync(HttpMethod.Patch, ConfigMaps + "/one", "{}", type);

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, code);
        Assert.Equal("UnsupportedMediaType", Text(body["reason"]));
        Assert.Equal(
            "the body of the request was in an unknown format - accepted media types include: application/json-patch+json, "
            + "application/merge-patch+json, application/strategic-merge-patch+json, application/apply-patch+yaml",
            Text(body["message"]));
    }

    [Fact]
    public async Task Delete_Unscheduled_AnswersThePodAndRemovesIt()
    {
        await _rig.PostAsync(Pods, PodJson("web"));
        var (code, body) = await _rig.SendAsync(HttpMethod.Delete, Pods + "/web");

        Assert.Equal(HttpStatusCode.OK, code);
        Assert.Equal("Pod", Text(body["kind"]));
        Assert.Equal(HttpStatusCode.NotFound, (await _rig.GetAsync(Pods + "/web")).Code);
    }

    [Fact]
    public async Task Delete_ConfigMap_AnswersAStatusWithTheUid()
    {
        var (_, created) = await _rig.PostAsync(ConfigMaps, MapJson("one"));
        var (code, body) = await _rig.SendAsync(HttpMethod.Delete, ConfigMaps + "/one");

        Assert.Equal(HttpStatusCode.OK, code);
        Assert.Equal("Success", Text(body["status"]));
        Assert.Equal(Text(created["metadata"]!["uid"]), Text(body["details"]!["uid"]));
    }

    [Fact]
    public async Task List_WithLimit_PagesByContinueAtOneRevision()
    {
        foreach (var name in new[] { "a", "b", "c" })
            await _rig.PostAsync(ConfigMaps, MapJson(name));
        var (_, first) = await _rig.GetAsync(ConfigMaps + "?limit=2");
        await _rig.PostAsync(ConfigMaps, MapJson("d"));
        var (_, second) = await _rig.GetAsync($"{ConfigMaps}?limit=2&continue={Text(first["metadata"]!["continue"])}");

        Assert.Equal(["a", "b"], Names(first));
        Assert.Equal(1, (int)first["metadata"]!["remainingItemCount"]!);
        Assert.Equal(["c"], Names(second));
        Assert.Equal(Text(first["metadata"]!["resourceVersion"]), Text(second["metadata"]!["resourceVersion"]));
        Assert.Null(second["metadata"]!["continue"]);
        Assert.Equal("ConfigMapList", Text(first["kind"]));
        Assert.Null(first["items"]![0]!["kind"]);
    }

    [Fact]
    public async Task List_AsTable_HasRows()
    {
        await _rig.PostAsync(Pods, PodJson("web"));
        var (code, body) = await _rig.GetAsync(
            Pods + "?limit=500", "application/json;as=Table;v=v1;g=meta.k8s.io,application/json;as=Table;v=v1beta1;g=meta.k8s.io,application/json");

        Assert.Equal(HttpStatusCode.OK, code);
        Assert.Equal("Table", Text(body["kind"]));
        Assert.Equal("meta.k8s.io/v1", Text(body["apiVersion"]));
        Assert.Equal("web", Text(body["rows"]![0]!["cells"]![0]));
        Assert.Equal(body["columnDefinitions"]!.AsArray().Count, body["rows"]![0]!["cells"]!.AsArray().Count);
        Assert.Equal("PartialObjectMetadata", Text(body["rows"]![0]!["object"]!["kind"]));
    }

    [Theory]
    [InlineData("None", null)]
    [InlineData("Metadata", "PartialObjectMetadata")]
    [InlineData("Object", "Pod")]
    public async Task List_AsTable_CarriesWhatIsAskedFor(string include, string? kind)
    {
        await _rig.PostAsync(Pods, PodJson("web"));
        const string table = "application/json;as=Table;v=v1;g=meta.k8s.io";
        var (_, body) = await _rig.GetAsync($"{Pods}?includeObject={include}", table);
        var (code, refused) = await _rig.GetAsync($"{Pods}?includeObject=Some", table);

        Assert.Equal(kind, body["rows"]![0]!["object"]?["kind"]?.ToString());
        Assert.Equal((HttpStatusCode.BadRequest, "unrecognized includeObject value: \"Some\""), (code, Text(refused["message"])));
    }

    [Fact]
    public async Task List_AsPartialObjectMetadata_HasMetadataAlone()
    {
        await _rig.PostAsync(ConfigMaps, MapJson("one"));
        var (_, body) = await _rig.GetAsync(ConfigMaps, "application/json;as=PartialObjectMetadataList;v=v1;g=meta.k8s.io");

        Assert.Equal("PartialObjectMetadataList", Text(body["kind"]));
        Assert.Equal("one", Text(body["items"]![0]!["metadata"]!["name"]));
        Assert.Equal(("PartialObjectMetadata", "meta.k8s.io/v1"), (Text(body["items"]![0]!["kind"]), Text(body["items"]![0]!["apiVersion"])));
        Assert.Null(body["items"]![0]!["data"]);
    }

    [Theory]
    [InlineData("/api/v1/nonsense", HttpStatusCode.NotFound)]
    [InlineData("/api/v1/pods/web", HttpStatusCode.NotFound)]
    [InlineData("/apis/apps/v1beta1/deployments", HttpStatusCode.NotFound)]
    [InlineData("/api/v1/namespaces/default/pods?labelSelector=a%20b", HttpStatusCode.BadRequest)]
    [InlineData("/api/v1/namespaces/default/pods?fieldSelector=spec.nothing%3Dx", HttpStatusCode.BadRequest)]
    [InlineData("/api/v1/namespaces/default/pods?continue=nonsense", HttpStatusCode.BadRequest)]
    [InlineData("/api/v1/namespaces/default/pods?resourceVersionMatch=Exact", HttpStatusCode.UnprocessableEntity)]
    [InlineData("/api/v1/namespaces/default/pods?resourceVersion=x", HttpStatusCode.BadRequest)]
    public async Task Get_Malformed_IsAStatus(string path, HttpStatusCode expected)
    {
        var (code, body) = await _rig.GetAsync(path);

        Assert.Equal(expected, code);
        Assert.Equal("Status", Text(body["kind"]));
        Assert.Equal((int)expected, (int)body["code"]!);
    }

    [Fact]
    public async Task Get_UnknownAccept_IsNotAcceptable()
    {
        var (code, body) = await _rig.GetAsync(Pods, "text/html");

        Assert.Equal(HttpStatusCode.NotAcceptable, code);
        Assert.Equal("NotAcceptable", Text(body["reason"]));
        Assert.Equal(
            "only the following media types are accepted: application/json, application/yaml, application/vnd.kubernetes.protobuf",
            Text(body["message"]));
    }

    [Fact]
    public async Task Post_ToAnObject_IsMethodNotAllowed() =>
        Assert.Equal(HttpStatusCode.MethodNotAllowed, (await _rig.PostAsync(Pods + "/web", PodJson("web"))).Code);

    [Fact]
    public async Task Post_TooLarge_IsRequestEntityTooLarge()
    {
        var (code, body) = await _rig.PostAsync(ConfigMaps, MapJson("big", new string('x', 3 * 1024 * 1024 + 1)));

        Assert.Equal(HttpStatusCode.RequestEntityTooLarge, code);
        Assert.Equal("RequestEntityTooLarge", Text(body["reason"]));
    }

    [Fact]
    public async Task Post_UnknownField_WarnsOrFailsAsAsked()
    {
        var json = """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"odd"},"dta":{}}""";
        using var warned = await _rig.Client.PostAsync(new Uri(ConfigMaps + "?dryRun=All", UriKind.Relative), Json(json));
        var (code, body) = await _rig.PostAsync(ConfigMaps + "?fieldValidation=Strict", json);

        Assert.Equal(HttpStatusCode.Created, warned.StatusCode);
        Assert.Equal("""299 - "unknown field \"dta\"" """.TrimEnd(), string.Join('|', warned.Headers.GetValues("Warning")));
        Assert.Equal(HttpStatusCode.BadRequest, code);
        Assert.Contains("unknown field", Text(body["message"]), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Write_ThatIsRefused_WarnsAllTheSame()
    {
        using var created = await _rig.Client.PostAsync(
            new Uri(ConfigMaps, UriKind.Relative), Json("""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"Odd"},"dta":{}}"""));
        await _rig.PostAsync(ConfigMaps, """{"metadata":{"name":"warned"}}""");
        using var patch = new StringContent("""{"metadata":{"labels":{"a":"-"}},"dta":{}}""", System.Text.Encoding.UTF8, "application/merge-patch+json");
        using var patched = await _rig.Client.PatchAsync(new Uri(ConfigMaps + "/warned?fieldValidation=Warn", UriKind.Relative), patch);

        Assert.All((HttpResponseMessage[])[created, patched], response =>
        {
            Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
            Assert.Equal("""299 - "unknown field \"dta\"" """.TrimEnd(), string.Join('|', response.Headers.GetValues("Warning")));
        });
    }

    [Theory]
    [InlineData("application/json", "{")]
    [InlineData("application/json", "")]
    [InlineData("application/json", "[]")]
    [InlineData("application/json", """{"apiVersion":"v1","kind":"Pod","metadata":{"name":"x"}}""")]
    [InlineData("application/json", """{"apiVersion":"v2","kind":"ConfigMap","metadata":{"name":"x"}}""")]
    [InlineData("application/json", """{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":7}}""")]
    [InlineData("application/yaml", "a: [")]
    [InlineData("application/vnd.kubernetes.protobuf", "nonsense")]
    [InlineData("application/vnd.kubernetes.protobuf", "k8s\0\n\u0005junk")]
    public async Task Post_Malformed_IsABadRequestAndTheServerGoesOn(string contentType, string content)
    {
        var (code, body) = await _rig.SendAsync(HttpMethod.Post, ConfigMaps, content, contentType);

        Assert.Equal(HttpStatusCode.BadRequest, code);
        Assert.Equal("Status", Text(body["kind"]));
        Assert.Equal("BadRequest", Text(body["reason"]));
        Assert.Equal(HttpStatusCode.Created, (await _rig.PostAsync(ConfigMaps, MapJson("after"))).Code);
    }

    [Fact]
    public async Task Post_UnknownMediaType_IsUnsupported()
    {
        var (code, body) = await _rig.SendAsync(HttpMethod.Post, ConfigMaps, "x", "text/plain");

        Assert.Equal(HttpStatusCode.UnsupportedMediaType, code);
        Assert.Equal(
            "the body of the request was in an unknown format - accepted media types include: "
            + "application/json, application/yaml, application/vnd.kubernetes.protobuf",
            Text(body["message"]));
    }

    [Theory]
    [InlineData("curl/8.0", true)]
    [InlineData("kubectl/v1.32.3", false)]
    public async Task Get_ForPeople_IsIndented(string agent, bool indented)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, "/api/v1/namespaces/default");
        request.Headers.TryAddWithoutValidation("User-Agent", agent);
        using var response = await _rig.Client.SendAsync(request);

        Assert.Equal(indented, (await response.Content.ReadAsStringAsync()).StartsWith("{\n  \"kind\": \"Namespace\"", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Post_DryRun_StoresNothing()
    {
        var (code, body) = await _rig.PostAsync(ConfigMaps + "?dryRun=All", MapJson("ghost"));

        Assert.Equal(HttpStatusCode.Created, code);
        Assert.NotNull(body["metadata"]!["uid"]);
        Assert.Equal(HttpStatusCode.NotFound, (await _rig.GetAsync(ConfigMaps + "/ghost")).Code);
    }

    [Fact]
    public async Task Scale_Patch_ChangesTheReplicas()
    {
        const string path = "/api/v1/namespaces/default/replicationcontrollers";
        await _rig.PostAsync(path, """
            {"apiVersion":"v1","kind":"ReplicationController","metadata":{"name":"web"},"spec":{"replicas":1,"selector":{"app":"web"},
             "template":{"metadata":{"labels":{"app":"web"}},"spec":{"containers":[{"name":"c","image":"i"}]}}}}
            """);
        var (code, scale) = await _rig.SendAsync(
            HttpMethod.Patch, path + "/web/scale", """{"spec":{"replicas":5}}""", "application/merge-patch+json");
        var (_, rc) = await _rig.GetAsync(path + "/web");

        Assert.Equal(HttpStatusCode.OK, code);
        Assert.Equal("Scale", Text(scale["kind"]));
        Assert.Equal("autoscaling/v1", Text(scale["apiVersion"]));
        Assert.Equal("app=web", Text(scale["status"]!["selector"]));
        Assert.Equal(5, (int)rc["spec"]!["replicas"]!);
        Assert.Equal(2, (int)rc["metadata"]!["generation"]!);
        var (_, table) = await _rig.GetAsync(path + "/web/scale", "application/json;as=Table;v=v1;g=meta.k8s.io");
        Assert.Equal("web", Text(table["rows"]![0]!["cells"]![0]));
    }

    private static StringContent Json(string text) => new(text, System.Text.Encoding.UTF8, "application/json");

    private static string[] Names(JsonNode list) => [.. list["items"]!.AsArray().Select(item => Text(item!["metadata"]!["name"]))];

    private static string Text(JsonNode? node) => node?.GetValue<string>() ?? "";

    private static string PodJson(string name) =>
        $$$"""{"apiVersion":"v1","kind":"Pod","metadata":{"name":"{{{name}}}"},"spec":{"containers":[{"name":"c","image":"i"}]}}""";

    private static string MapJson(string name, string value = "1") =>
        $$$"""{"apiVersion":"v1","kind":"ConfigMap","metadata":{"name":"{{{name}}}"},"data":{"key":"{{{value}}}"}}""";
}

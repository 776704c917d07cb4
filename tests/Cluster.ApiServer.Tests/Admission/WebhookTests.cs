using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Cluster.ApiServer.Auditing;
using Cluster.ApiServer.Tests.CustomResources;
using Cluster.ApiServer.Tests.Hosting;
using Cluster.Testing;

namespace Cluster.ApiServer.Tests.Admission;

/// <summary>Webhooks on the real server, over HTTPS. Each test selects its own objects by a label.</summary>
public sealed class WebhookTests(ApiServerRig rig) : IClassFixture<ApiServerRig>, IAsyncLifetime
{
    private const string Group = "/apis/admissionregistration.k8s.io/v1/";
    private const string ConfigMaps = "/api/v1/namespaces/default/configmaps";

    private static int _tests;

    private readonly string _label = $"t{Interlocked.Increment(ref _tests)}";
    private WebhookServer _hook = null!;

    public async ValueTask InitializeAsync() => _hook = await WebhookServer.StartAsync(IPAddress.Loopback);

    public async ValueTask DisposeAsync()
    {
        foreach (var kind in (string[])["mutatingwebhookconfigurations", "validatingwebhookconfigurations"])
            await rig.Admin.DeleteAsync($"{Group}{kind}/{_label}");
        await _hook.DisposeAsync();
    }

    [Fact]
    public async Task Mutating_PatchesTheObject()
    {
        _hook.On("/patch", _ => Patch("""[{"op":"add","path":"/data","value":{"added":"yes"}}]"""));
        await ConfigureAsync("Mutating", Hook("patch.example.com", "/patch"));
        var (code, body) = await CreateAsync("patched");

        Assert.Equal((HttpStatusCode.Created, "yes"), (code, body["data"]!["added"]!.ToString()));
        var request = Assert.Single(_hook.Asked, asked => asked.Request["name"]?.ToString() == "patched").Request;
        Assert.Equal(("CREATE", "default", "configmaps"), (request["operation"]!.ToString(), request["namespace"]!.ToString(), request["resource"]!["resource"]!.ToString()));
        Assert.Equal(("v1", "ConfigMap", "patched"), (request["object"]!["apiVersion"]!.ToString(), request["object"]!["kind"]!.ToString(), request["object"]!["metadata"]!["name"]!.ToString()));
        Assert.Contains("system:masters", request["userInfo"]!["groups"]!.ToJsonString(), StringComparison.Ordinal);
        Assert.Equal("CreateOptions", request["options"]!["kind"]!.ToString());
    }

    [Fact]
    public async Task Mutating_IfNeeded_IsAskedAgainAfterOthersHaveChangedTheObject()
    {
        _hook.On("/first", _ => new JsonObject { ["allowed"] = true });
        _hook.On("/second", request => request["object"]!["data"] is null ? Patch("""[{"op":"add","path":"/data","value":{"x":"1"}}]""") : new JsonObject { ["allowed"] = true });
        await ConfigureAsync("Mutating", Hook("a.first.example.com", "/first", """{"reinvocationPolicy":"IfNeeded"}"""), Hook("b.second.example.com", "/second"));
        await CreateAsync("again");

        Assert.Equal(["/first", "/second", "/first"], _hook.Asked.Where(asked => asked.Request["name"]?.ToString() == "again").Select(asked => asked.Path));
    }

    [Fact]
    public async Task Validating_RefusesInKubernetesWords_AndWarns()
    {
        _hook.On("/deny", request => request["object"]?["data"]?["bad"] is null
            ? new JsonObject { ["allowed"] = true, ["warnings"] = new JsonArray("mind the gap") }
            : new JsonObject { ["allowed"] = false, ["status"] = new JsonObject { ["code"] = 403, ["message"] = "bad is bad" } });
        await ConfigureAsync("Validating", Hook("deny.example.com", "/deny"));
        var (code, status) = await CreateAsync("refused", """{"bad":"1"}""");
        using var good = await SendAsync(HttpMethod.Post, ConfigMaps, Map("fine"));

        Assert.Equal(HttpStatusCode.Forbidden, code);
        Assert.Equal("admission webhook \"deny.example.com\" denied the request: bad is bad", status["message"]!.ToString());
        Assert.Equal(HttpStatusCode.Created, good.StatusCode);
        Assert.Equal("299 - \"mind the gap\"", string.Join("", good.Headers.GetValues("Warning")));
    }

    [Fact]
    public async Task AuditAnnotations_AreInTheLogUnderTheNameOfTheWebhook()
    {
        _hook.On("/audit", _ => new JsonObject { ["allowed"] = true, ["auditAnnotations"] = new JsonObject { ["decision"] = "fine", ["why"] = "so" } });
        await ConfigureAsync("Validating", Hook("v.example.com", "/audit"), Hook("w.example.com", "/audit"));
        var written = await AuditedAsync("audited");
        Assert.Equal(
            ["v.example.com/decision=fine", "v.example.com/why=so", "w.example.com/decision=fine", "w.example.com/why=so"],
            written["annotations"]!.AsObject().Where(one => one.Key.Contains(".example.com", StringComparison.Ordinal)).Select(one => $"{one.Key}={one.Value}"));
    }

    /// <summary>Who may configure webhooks could else forge what the log says of each request.</summary>
    [Fact]
    public async Task AuditAnnotations_OfAWebhookNamedAsTheAuthorizer_DoNotReplaceTheDecision()
    {
        _hook.On("/forge", _ => new JsonObject { ["allowed"] = true, ["auditAnnotations"] = new JsonObject { ["decision"] = "forbid", ["reason"] = "forged", ["more"] = "kept" } });
        await ConfigureAsync("Validating", Hook("authorization.k8s.io", "/forge"));
        var annotations = (await AuditedAsync("unforged"))["annotations"]!;

        Assert.Equal(("allow", "kept"), ((string?)annotations["authorization.k8s.io/decision"], (string?)annotations["authorization.k8s.io/more"]));
        Assert.NotEqual("forged", (string?)annotations["authorization.k8s.io/reason"]);
    }

    // What the log says of the creation of a config map.
    private async Task<JsonNode> AuditedAsync(string name)
    {
        using var folder = new TempDirectory();
        var path = folder.File("audit.log");
        await using (var server = await rig.StartAsync(FreePort.Tcp(), new AuditLogOptions(path)))
        {
            using var client = new HttpClient(rig.Handler("admin")) { BaseAddress = server.Url };
            using var content = new StringContent(Map(name), Encoding.UTF8, "application/json");
            using var created = await client.PostAsync(ConfigMaps, content);
            Assert.Equal(HttpStatusCode.Created, created.StatusCode);
        }

        return (await File.ReadAllLinesAsync(path)).Select(line => JsonNode.Parse(line)!).Single(one => (string?)one["verb"] == "create" && (string?)one["objectRef"]?["resource"] == "configmaps");
    }

    [Fact]
    public async Task Validating_OfUpdatesAndDeletes_SeesBothObjects()
    {
        _hook.On("/see", request => new JsonObject { ["allowed"] = request["operation"]!.ToString() != "DELETE" });
        await ConfigureAsync("Validating", Hook("see.example.com", "/see"));
        await CreateAsync("seen", """{"a":"1"}""");
        using var patched = await SendAsync(HttpMethod.Patch, ConfigMaps + "/seen", """{"data":{"a":"2"}}""", "application/merge-patch+json");
        using var deleted = await SendAsync(HttpMethod.Delete, ConfigMaps + "/seen", null);
        // A refused one is asked about once more, on the store's own state: the last word counts.
        var asked = _hook.Asked.Where(one => one.Request["name"]?.ToString() == "seen").GroupBy(one => one.Request["operation"]!.ToString()).ToDictionary(group => group.Key, group => group.Last().Request);

        Assert.Equal(("1", "2"), (asked["UPDATE"]["oldObject"]!["data"]!["a"]!.ToString(), asked["UPDATE"]["object"]!["data"]!["a"]!.ToString()));
        Assert.Null(asked["DELETE"]["object"]);
        Assert.Equal("2", asked["DELETE"]["oldObject"]!["data"]!["a"]!.ToString());
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.BadRequest), (patched.StatusCode, deleted.StatusCode));
        Assert.Contains("without explanation", await deleted.Content.ReadAsStringAsync(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Fail", HttpStatusCode.InternalServerError)]
    [InlineData("Ignore", HttpStatusCode.Created)]
    public async Task Webhook_ThatCannotBeAsked_FailsOrPassesByItsPolicy(string policy, HttpStatusCode expected)
    {
        await ConfigureAsync("Validating", Hook("broken.example.com", "/nobody-answers-here", $$"""{"failurePolicy":"{{policy}}"}"""));
        var (code, status) = await CreateAsync($"policy-{policy.ToLowerInvariant()}");

        Assert.Equal(expected, code);
        if (policy == "Fail")
            Assert.StartsWith("Internal error occurred: failed calling webhook \"broken.example.com\": failed to call webhook: ", status["message"]!.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Webhook_ThatDoesNotAnswer_FailsInTheWordsOfKubernetesClient()
    {
        using var release = new ManualResetEventSlim();
        _hook.On("/slow", _ =>
        {
            release.Wait(TestContext.Current.CancellationToken);
            return new JsonObject { ["allowed"] = true };
        });
        await ConfigureAsync("Validating", Hook("slow.example.com", "/slow", """{"timeoutSeconds":1}"""));

        var (code, status) = await CreateAsync("slow");
        release.Set();

        Assert.Equal(HttpStatusCode.InternalServerError, code);
        Assert.Matches(
            """^Internal error occurred: failed calling webhook "slow.example.com": failed to call webhook: Post "https://[^"]+/slow\?timeout=1s": context deadline exceeded$""",
            status["message"]!.ToString());
    }

    [Fact]
    public async Task Validating_OfConnect_SeesItsOptionsAndRefusesBeforeAnythingIsOpened()
    {
        _hook.On("/attach", request => new JsonObject
        {
            ["allowed"] = request["object"]!["stdin"]?.GetValue<bool>() != true, ["status"] = new JsonObject { ["message"] = "attaching is not allowed" },
        });
        await ConfigureAsync("Validating", Hook(
            "attach.example.com", "/attach",
            """{"objectSelector":{},"rules":[{"operations":["CONNECT"],"apiGroups":[""],"apiVersions":["v1"],"resources":["pods/attach"]}]}"""));

        using var refused = await rig.Admin.PostAsync("/api/v1/namespaces/default/pods/none/attach?stdin=true&container=c", null);
        using var allowed = await rig.Admin.PostAsync("/api/v1/namespaces/default/pods/none/attach?stdout=true", null);
        using var other = await rig.Admin.PostAsync("/api/v1/namespaces/default/pods/none/exec?stdin=true&command=true", null);

        var status = await refused.Content.ReadFromJsonAsync<JsonNode>();
        Assert.Equal("admission webhook \"attach.example.com\" denied the request: attaching is not allowed", status!["message"]!.ToString());
        // Not refused: there is no such pod.
        Assert.Equal((HttpStatusCode.NotFound, HttpStatusCode.NotFound), (allowed.StatusCode, other.StatusCode));
        Assert.Equal(2, _hook.Asked.Count);
        var request = _hook.Asked.First().Request;
        Assert.Equal(("CONNECT", "none", "attach"), (request["operation"]!.ToString(), request["name"]!.ToString(), request["subResource"]!.ToString()));
        Assert.Equal("""{"kind":"PodAttachOptions","apiVersion":"v1","stdin":true,"container":"c"}""", request["object"]!.ToJsonString());
        Assert.Equal(("PodAttachOptions", null), (request["kind"]!["kind"]!.ToString(), request["options"]));
    }

    [Fact]
    public async Task Validating_OfABinding_SeesItAndRefuses()
    {
        _hook.On("/bind", request => new JsonObject { ["allowed"] = request["object"]!["target"]!["name"]!.ToString() != "forbidden" });
        _hook.On("/note", _ => Patch("""[{"op":"add","path":"/metadata/annotations","value":{"noted":"yes"}}]"""));
        foreach (var node in (string[])["forbidden", "free"])
        {
            using var made = await SendAsync(HttpMethod.Post, "/api/v1/nodes", """{"metadata":{"name":"NODE"},"status":{"allocatable":{"pods":"9"}}}""".Replace("NODE", node, StringComparison.Ordinal));
        }

        using var created = await SendAsync(HttpMethod.Post, "/api/v1/namespaces/default/pods", """{"metadata":{"name":"to-bind"},"spec":{"containers":[{"name":"c","image":"i"}]}}""");
        const string rules = """{"objectSelector":{},"rules":[{"operations":["CREATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["pods/binding"]}]}""";
        await ConfigureAsync("Validating", Hook("bind.example.com", "/bind", rules));
        await ConfigureAsync("Mutating", Hook("note.example.com", "/note", rules));
        using var refused = await SendAsync(HttpMethod.Post, "/api/v1/namespaces/default/pods/to-bind/binding", """{"metadata":{"name":"to-bind"},"target":{"kind":"Node","name":"forbidden"}}""");
        using var bound = await SendAsync(HttpMethod.Post, "/api/v1/namespaces/default/pods/to-bind/binding", """{"metadata":{"name":"to-bind"},"target":{"kind":"Node","name":"free"}}""");
        var pod = await rig.Admin.GetFromJsonAsync<JsonNode>("/api/v1/namespaces/default/pods/to-bind");

        Assert.Contains("admission webhook \\\"bind.example.com\\\" denied the request", await refused.Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Equal(HttpStatusCode.Created, bound.StatusCode);
        Assert.Equal(("free", "yes"), (pod!["spec"]!["nodeName"]!.ToString(), pod["metadata"]!["annotations"]!["noted"]!.ToString()));
        var request = _hook.Asked.First(asked => asked.Path == "/bind").Request;
        Assert.Equal(("Binding", "pods", "binding"), (request["kind"]!["kind"]!.ToString(), request["resource"]!["resource"]!.ToString(), request["subResource"]!.ToString()));
    }

    [Fact]
    public async Task Webhook_WhoseCertificateIsNotTrusted_IsNotAsked()
    {
        await using var other = await WebhookServer.StartAsync(IPAddress.Loopback);
        var hook = Hook("untrusted.example.com", "/deny");
        hook["clientConfig"]!["caBundle"] = other.CaBundle;
        await ConfigureAsync("Validating", hook);
        var (code, _) = await CreateAsync("untrusted");

        Assert.Equal(HttpStatusCode.InternalServerError, code);
        Assert.Empty(_hook.Asked);
    }

    [Fact]
    public async Task Webhook_OfAnAddedKind_PatchesItsObjects()
    {
        using var defined = await SendAsync(HttpMethod.Post, CustomRig.Definitions, CustomRig.Definition("hooks.example.com", """{"type":"object","properties":{"a":{"type":"string"}}}""").ToJsonString());
        Assert.Equal(HttpStatusCode.Created, defined.StatusCode);
        var path = CustomRig.Path("hooks.example.com");
        await Eventually.True(async () => (await rig.Admin.GetAsync(path)).StatusCode == HttpStatusCode.OK);
        _hook.On("/custom", _ => Patch("""[{"op":"add","path":"/spec","value":{"a":"set","unknown":1}}]"""));
        var hook = Hook("custom.example.com", "/custom");
        hook["rules"] = JsonNode.Parse("""[{"operations":["CREATE"],"apiGroups":["hooks.example.com"],"apiVersions":["*"],"resources":["widgets"]}]""");
        await ConfigureAsync("Mutating", hook);
        using var created = await SendAsync(HttpMethod.Post, path, Labelled(JsonNode.Parse(CustomRig.Widget("hooks.example.com", "one", "{}"))!));

        var body = (await created.Content.ReadFromJsonAsync<JsonNode>())!;
        Assert.Equal("""{"a":"set"}""", body["spec"]!.ToJsonString());
    }

    [Theory]
    [InlineData("v1", "v1beta1")]
    [InlineData("v1beta1", "v1")]
    public async Task Webhook_OfAnotherVersionOfAnAddedKind_IsAskedInItsOwn_AndKeepsWhatThatDoesNotKnow(string ruled, string written)
    {
        var group = $"{ruled}.equivalent.example.com";
        var definition = CustomRig.Definition(group, """{"type":"object","properties":{"a":{"type":"string"},"b":{"type":"string"}}}""");
        var versions = definition["spec"]!["versions"]!.AsArray();
        var beta = versions[0]!.DeepClone();
        (beta["name"], beta["storage"]) = ("v1beta1", false);
        versions.Add(beta);
        versions.Single(version => version!["name"]!.ToString() == ruled)!["schema"]!["openAPIV3Schema"]!["properties"]!["spec"]!["properties"]!.AsObject().Remove("b");
        using var defined = await SendAsync(HttpMethod.Post, CustomRig.Definitions, definition.ToJsonString());
        var path = CustomRig.Path(group, written);
        await Eventually.True(async () => (await rig.Admin.GetAsync(path)).StatusCode == HttpStatusCode.OK);
        _hook.On("/equivalent", _ => Patch("""[{"op":"add","path":"/spec/a","value":"set"}]"""));
        var hook = Hook("equivalent.example.com", "/equivalent");
        hook["rules"] = JsonNode.Parse($$"""[{"operations":["CREATE"],"apiGroups":["{{group}}"],"apiVersions":["{{ruled}}"],"resources":["widgets"]}]""");
        await ConfigureAsync("Mutating", hook);
        using var created = await SendAsync(HttpMethod.Post, path, Labelled(JsonNode.Parse(CustomRig.Widget(group, "one", """{"b":"mine"}""", written))!));

        var body = (await created.Content.ReadFromJsonAsync<JsonNode>())!;
        var request = Assert.Single(_hook.Asked).Request;
        Assert.Equal((ruled, written), (request["kind"]!["version"]!.ToString(), request["requestKind"]!["version"]!.ToString()));
        Assert.Equal($"{group}/{ruled}", request["object"]!["apiVersion"]!.ToString());
        // What is stored knows no more than the stored version.
        Assert.Equal(ruled == "v1" ? """{"a":"set"}""" : """{"a":"set","b":"mine"}""", body["spec"]!.ToJsonString());
    }

    [Fact]
    public async Task Webhook_OfAnotherVersionThatAWebhookConverts_SeesAndChangesItsOwn()
    {
        const string group = "converted.example.com";
        _hook.On("/" + group, request => ConversionRig.Converted(request, ConversionRig.Convert));
        using var defined = await SendAsync(HttpMethod.Post, CustomRig.Definitions, ConversionRig.DefinitionOf(group, _hook).ToJsonString());
        var path = CustomRig.Path(group, "v1");
        await Eventually.True(async () => (await rig.Admin.GetAsync(path)).StatusCode == HttpStatusCode.OK);
        _hook.On("/v2", _ => Patch("""[{"op":"replace","path":"/spec/host","value":"b"}]"""));
        var hook = Hook("v2.example.com", "/v2");
        hook["rules"] = JsonNode.Parse($$"""[{"operations":["CREATE"],"apiGroups":["{{group}}"],"apiVersions":["v2"],"resources":["widgets"]}]""");
        await ConfigureAsync("Mutating", hook);
        using var created = await SendAsync(HttpMethod.Post, path, Labelled(JsonNode.Parse(CustomRig.Widget(group, "one", """{"address":"a:80"}"""))!));

        var body = (await created.Content.ReadFromJsonAsync<JsonNode>())!;
        Assert.Equal(($"{group}/v1", """{"address":"b:80"}"""), (body["apiVersion"]!.ToString(), body["spec"]?.ToJsonString()));
        var request = Assert.Single(_hook.Asked, asked => asked.Path == "/v2").Request;
        Assert.Equal(("v2", "v1"), (request["kind"]!["version"]!.ToString(), request["requestKind"]!["version"]!.ToString()));
        Assert.Equal(($"{group}/v2", """{"host":"a","port":"80"}"""), (request["object"]!["apiVersion"]!.ToString(), request["object"]!["spec"]!.ToJsonString()));
    }

    [Fact]
    public async Task Mutating_AddsAContainer_ThePluginsBeforeItSeeItToo()
    {
        await rig.Admin.PostAsync("/api/v1/namespaces", Json("""{"metadata":{"name":"injected"}}"""));
        await rig.Admin.PostAsync("/api/v1/namespaces/injected/serviceaccounts", Json("""{"metadata":{"name":"default"}}"""));
        await rig.Admin.PostAsync(
            "/api/v1/namespaces/injected/limitranges",
            Json("""{"metadata":{"name":"limits"},"spec":{"limits":[{"type":"Container","max":{"cpu":"1"},"default":{"cpu":"500m"},"defaultRequest":{"cpu":"100m"}}]}}"""));
        _hook.On("/inject", request => request["object"]!["spec"]!["containers"]!.AsArray().Count > 1 ? new JsonObject { ["allowed"] = true }
            : Patch("""[{"op":"add","path":"/spec/containers/-","value":{"name":"proxy","image":"proxy:1"}},{"op":"replace","path":"/metadata/name","value":"other"}]"""));
        // It sees what the plug-ins give the container, since it wants to.
        _hook.On("/first", _ => new JsonObject { ["allowed"] = true });
        var pods = """[{"operations":["CREATE"],"apiGroups":[""],"apiVersions":["v1"],"resources":["pods"]}]""";
        JsonObject first = Hook("a.first.example.com", "/first", """{"reinvocationPolicy":"IfNeeded"}"""), inject = Hook("b.inject.example.com", "/inject");
        (first["rules"], inject["rules"]) = (JsonNode.Parse(pods), JsonNode.Parse(pods));
        await ConfigureAsync("Mutating", first, inject);
        using var created = await SendAsync(
            HttpMethod.Post, "/api/v1/namespaces/injected/pods", Labelled(JsonNode.Parse("""{"metadata":{"name":"web"},"spec":{"containers":[{"name":"main","image":"web:1"}]}}""")!));

        var pod = (await created.Content.ReadFromJsonAsync<JsonNode>())!;
        Assert.True(created.StatusCode == HttpStatusCode.Created, pod.ToJsonString());
        var proxy = pod["spec"]!["containers"]![1]!;
        Assert.Equal(("web", "500m"), (pod["metadata"]!["name"]!.ToString(), proxy["resources"]!["limits"]!["cpu"]!.ToString()));
        Assert.Equal("/var/run/secrets/kubernetes.io/serviceaccount", proxy["volumeMounts"]![0]!["mountPath"]!.ToString());
        Assert.Single(pod["spec"]!["volumes"]!.AsArray());
        Assert.Equal(["/first", "/inject", "/first"], _hook.Asked.Select(asked => asked.Path));
        Assert.Equal("500m", _hook.Asked.Last().Request["object"]!["spec"]!["containers"]![1]!["resources"]!["limits"]!["cpu"]!.ToString());
    }

    [Fact]
    public async Task Webhook_OfAnotherNamespaceOrKind_IsNotAsked()
    {
        _hook.On("/none", _ => new JsonObject { ["allowed"] = false });
        var elsewhere = Hook("elsewhere.example.com", "/none", """{"namespaceSelector":{"matchLabels":{"nobody":"has"}}}""");
        var secrets = Hook("secrets.example.com", "/none");
        secrets["rules"]![0]!["resources"] = new JsonArray("secrets", "configmaps/status");
        await ConfigureAsync("Validating", elsewhere, secrets);

        Assert.Equal(HttpStatusCode.Created, (await CreateAsync("unasked")).Code);
    }

    [Fact]
    public async Task Configuration_WithMistakes_IsInvalid()
    {
        var hook = Hook("short", "/x", """{"sideEffects":"Some","timeoutSeconds":31,"admissionReviewVersions":[]}""");
        hook["clientConfig"]!["url"] = "http://localhost/x";
        using var response = await SendAsync(HttpMethod.Post, $"{Group}validatingwebhookconfigurations", Configuration("Validating", hook));
        var text = (await response.Content.ReadFromJsonAsync<JsonNode>())!["message"]!.ToString();

        Assert.Equal(HttpStatusCode.UnprocessableEntity, response.StatusCode);
        foreach (var part in (string[])[
            "webhooks[0].name: Invalid value: \"short\": should be a domain with at least three segments separated by dots",
            "webhooks[0].sideEffects: Unsupported value: \"Some\": supported values: \"None\", \"NoneOnDryRun\"",
            "webhooks[0].timeoutSeconds: Invalid value: 31: the timeout value must be between 1 and 30 seconds",
            "webhooks[0].admissionReviewVersions: Required value: must specify one of v1, v1beta1",
            "webhooks[0].clientConfig.url: Invalid value: \"http\": 'https' is the only allowed URL scheme; desired format: https://host[/path]"])
        {
            Assert.Contains(part, text, StringComparison.Ordinal);
        }
    }

    [Theory]
    [InlineData("", null)]
    [InlineData("/", null)]
    [InlineData("/a/b.c/", null)]
    [InlineData("a", "must start with a '/'")]
    [InlineData("/a//b", "segment[1] may not be empty")]
    [InlineData("/a/B", "segment[1]: a lowercase RFC 1123 subdomain must consist of")]
    public async Task Configuration_OfAService_TakesThePathsThatKubernetesTakes(string path, string? problem)
    {
        var hook = Hook("path.example.com", "/x");
        hook["clientConfig"] = new JsonObject { ["service"] = new JsonObject { ["namespace"] = "default", ["name"] = "none", ["path"] = path } };
        using var response = await SendAsync(HttpMethod.Post, $"{Group}validatingwebhookconfigurations", Configuration("Validating", hook));
        var text = await response.Content.ReadAsStringAsync();

        Assert.True(response.IsSuccessStatusCode == problem is null, text);
        Assert.Contains(problem is null ? "" : $"webhooks[0].clientConfig.service.path: Invalid value: \\\"{path}\\\": {problem}", text, StringComparison.Ordinal);
    }

    private JsonObject Hook(string name, string path, string more = "{}")
    {
        var hook = new JsonObject
        {
            ["name"] = name,
            ["clientConfig"] = new JsonObject { ["url"] = new Uri(_hook.Url, path).ToString(), ["caBundle"] = _hook.CaBundle },
            ["rules"] = JsonNode.Parse("""[{"operations":["*"],"apiGroups":[""],"apiVersions":["v1"],"resources":["configmaps"]}]"""),
            ["objectSelector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["test"] = _label } },
            ["sideEffects"] = "None",
            ["admissionReviewVersions"] = new JsonArray("v1"),
        };
        foreach (var (key, value) in JsonNode.Parse(more)!.AsObject())
            hook[key] = value?.DeepClone();
        return hook;
    }

    private string Configuration(string kind, params JsonObject[] hooks) => new JsonObject
    {
        ["apiVersion"] = "admissionregistration.k8s.io/v1",
        ["kind"] = $"{kind}WebhookConfiguration",
        ["metadata"] = new JsonObject { ["name"] = _label },
        ["webhooks"] = new JsonArray([.. hooks]),
    }.ToJsonString();

    private async Task ConfigureAsync(string kind, params JsonObject[] hooks)
    {
        var path = $"{Group}{kind.ToLowerInvariant()}webhookconfigurations";
        using var response = await SendAsync(HttpMethod.Post, path, Configuration(kind, hooks));
        Assert.True(response.StatusCode == HttpStatusCode.Created, await response.Content.ReadAsStringAsync());
        // A fresh read waits for the caches that webhooks are looked up in.
        using var seen = await rig.Admin.GetAsync($"{path}/{_label}");
    }

    private string Map(string name, string data = "null") => Labelled(JsonNode.Parse($$"""{"metadata":{"name":"{{name}}"},"data":{{data}}}""")!);

    private string Labelled(JsonNode obj)
    {
        obj["metadata"]!["labels"] = new JsonObject { ["test"] = _label };
        return obj.ToJsonString();
    }

    private static JsonObject Patch(string patch) => new()
    {
        ["allowed"] = true, ["patchType"] = "JSONPatch", ["patch"] = Convert.ToBase64String(Encoding.UTF8.GetBytes(patch)),
    };

    private async Task<(HttpStatusCode Code, JsonNode Body)> CreateAsync(string name, string data = "null")
    {
        using var response = await SendAsync(HttpMethod.Post, ConfigMaps, Map(name, data));
        return (response.StatusCode, (await response.Content.ReadFromJsonAsync<JsonNode>())!);
    }

    private static StringContent Json(string text) => new(text, Encoding.UTF8, "application/json");

    private async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? body, string contentType = "application/json")
    {
        using var request = new HttpRequestMessage(method, path) { Version = HttpVersion.Version20 };
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8);
            request.Content.Headers.ContentType = new(contentType);
        }

        return await rig.Admin.SendAsync(request);
    }
}

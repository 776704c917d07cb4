using System.Net;
using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.ApiServer.Tests.Rest;

namespace Cluster.ApiServer.Tests.Kinds;

/// <summary>Kinds served in several versions: one object, seen and written through each of them.</summary>
public sealed class VersionTests(KindTests.Fixture fixture) : IClassFixture<KindTests.Fixture>
{
    private const string Job = """{"spec":{"template":{"spec":{"restartPolicy":"Never","containers":[{"name":"c","image":"i"}]}}}}""";

    private const string NewEvents = "/apis/events.k8s.io/v1/namespaces/default/events";

    private const string NewEvent =
        """
        {"metadata":{"generateName":"new-"},"eventTime":"2024-01-02T03:04:05.000006Z","reportingController":"example.com/c","reportingInstance":"c-0",
         "action":"Doing","reason":"Done","type":"Normal","regarding":{"kind":"Pod","namespace":"default","name":"p"}}
        """;

    private readonly RestRig _rig = fixture.Rig;

    [Fact]
    public async Task Event_IsOneObjectInBothGroups()
    {
        const string core = "/api/v1/namespaces/default/events";
        const string events = "/apis/events.k8s.io/v1/namespaces/default/events";
        var created = await OkAsync(HttpMethod.Post, events,
            """
            {"apiVersion":"events.k8s.io/v1","kind":"Event","metadata":{"name":"e1"},"eventTime":"2024-01-02T03:04:05.000006Z",
             "reportingController":"example.com/c","reportingInstance":"c-0","action":"Doing","reason":"Done","type":"Normal","note":"all well",
             "regarding":{"kind":"Pod","namespace":"default","name":"of-both"},"series":{"count":2,"lastObservedTime":"2024-01-02T03:04:06.000000Z"}}
            """,
            HttpStatusCode.Created);
        Assert.Equal("events.k8s.io/v1", created["apiVersion"]!.ToString());
        Assert.Equal("all well", created["note"]!.ToString());

        var old = await OkAsync(HttpMethod.Get, core + "/e1");
        Assert.Equal("v1", old["apiVersion"]!.ToString());
        Assert.Equal(("all well", "of-both", "example.com/c", 2), (
            old["message"]!.ToString(), old["involvedObject"]!["name"]!.ToString(), old["reportingComponent"]!.ToString(),
            (int)old["series"]!["count"]!));
        Assert.Equal(old["metadata"]!["uid"]!.ToString(), created["metadata"]!["uid"]!.ToString());

        await OkAsync(HttpMethod.Patch, core + "/e1", """{"message":"better"}""");
        var list = await OkAsync(HttpMethod.Get, events + "?fieldSelector=regarding.name%3Dof-both");
        Assert.Equal("EventList", list["kind"]!.ToString());
        Assert.Equal("better", Assert.Single(list["items"]!.AsArray())!["note"]!.ToString());
        Assert.Empty((await OkAsync(HttpMethod.Get, events + "?fieldSelector=regarding.name%3Dq"))["items"]!.AsArray());
        await OkAsync(HttpMethod.Patch, events + "/e1", """{"series":{"count":3,"lastObservedTime":"2024-01-02T03:05:06.000000Z"}}""");
        Assert.Equal(3, (int)(await OkAsync(HttpMethod.Get, core + "/e1"))["series"]!["count"]!);

        var table = await OkAsync(HttpMethod.Get, events, accept: "application/json;as=Table;v=v1;g=meta.k8s.io");
        Assert.Contains("Last Seen", table["columnDefinitions"]!.AsArray().Select(column => column!["name"]!.ToString()));
        Assert.Contains(table["rows"]!.AsArray(), row => row!["cells"]!.AsArray().Any(cell => cell?.ToString() == "better"));
    }

    /// <param name="change">Of a good event.</param>
    /// <param name="causes">What is wrong then.</param>
    [Theory]
    [InlineData("{}")]
    [InlineData("""{"eventTime":null}""", "eventTime: Required value")]
    [InlineData(
        """{"reportingController":"","reportingInstance":null,"action":null,"reason":null}""",
        "reportingController: Required value", "reportingController: Invalid value: \"\": name part must be non-empty",
        "reportingController: Invalid value: \"\": name part must consist of", "reportingInstance: Required value",
        "action: Required value", "reason: Required value")]
    [InlineData("""{"type":"Odd"}""", "type: Invalid value: \"\": has invalid value: Odd")]
    [InlineData("""{"action":"LONG"}""", "action: Invalid value: \"\": can have at most 128 characters")]
    [InlineData("""{"series":{"count":1}}""", "series.count: Invalid value: \"\": should be at least 2", "series.lastObservedTime: Required value")]
    [InlineData(
        """{"deprecatedCount":1,"deprecatedSource":{"host":"h"},"deprecatedFirstTimestamp":"2024-01-02T03:04:05Z"}""",
        "firstTimestamp: Invalid value: \"\": needs to be unset", "count: Invalid value: \"\": needs to be unset", "source: Invalid value: \"\": needs to be unset")]
    public async Task Event_OfTheNewGroup_IsHeldToItsRules(string change, params string[] causes)
    {
        var given = JsonNode.Parse(NewEvent)!.AsObject();
        foreach (var (name, value) in JsonNode.Parse(change.Replace("LONG", new string('a', 129), StringComparison.Ordinal))!.AsObject())
            given[name] = value?.DeepClone();
        var (code, answer) = await _rig.SendAsync(HttpMethod.Post, NewEvents, given.ToJsonString());

        Assert.Equal(causes.Length == 0 ? HttpStatusCode.Created : HttpStatusCode.UnprocessableEntity, code);
        foreach (var cause in causes)
            Assert.Contains(cause, answer["message"]!.ToString(), StringComparison.Ordinal);
        Assert.Equal(causes.Length, answer["details"]?["causes"]!.AsArray().Count ?? 0);
    }

    [Fact]
    public async Task Event_OfTheNewGroup_IsToldOnce()
    {
        var created = await OkAsync(HttpMethod.Post, NewEvents, NewEvent, HttpStatusCode.Created);
        var path = $"{NewEvents}/{created["metadata"]!["name"]}";
        created["note"] = "something else";
        var (code, answer) = await _rig.SendAsync(HttpMethod.Put, path, created.ToJsonString());

        Assert.Equal(HttpStatusCode.UnprocessableEntity, code);
        Assert.Contains("message: Invalid value: \"something else\": field is immutable", answer["message"]!.ToString(), StringComparison.Ordinal);
        created["note"] = null;
        created["series"] = JsonNode.Parse("""{"count":2,"lastObservedTime":"2024-01-02T03:04:06.000000Z"}""");
        await OkAsync(HttpMethod.Put, path, created.ToJsonString());
    }

    /// <param name="path">Where it is written.</param>
    /// <param name="selector">What is written there.</param>
    /// <param name="seen">What the other version shows.</param>
    [Theory]
    [InlineData("v1beta1", "{}", """{"matchExpressions":[{"key":"pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match","operator":"Exists"}]}""")]
    [InlineData("v1", "{}", """{"matchExpressions":[{"key":"pdb.kubernetes.io/deprecated-v1beta1-empty-selector-match","operator":"DoesNotExist"}]}""")]
    [InlineData("v1beta1", """{"matchLabels":{"a":"b"}}""", """{"matchLabels":{"a":"b"}}""")]
    [InlineData("v1beta1", null, null)]
    public async Task Budget_WithAnEmptySelector_MeansTheSameInBothVersions(string version, string? selector, string? seen)
    {
        var path = $"/apis/policy/{version}/namespaces/default/poddisruptionbudgets";
        var body = $$$"""{"metadata":{"generateName":"empty-"},"spec":{"maxUnavailable":1,"selector":{{{selector ?? "null"}}}}}""";
        var created = await OkAsync(HttpMethod.Post, path, body, HttpStatusCode.Created);
        var other = path.Replace($"/{version}/", version == "v1" ? "/v1beta1/" : "/v1/", StringComparison.Ordinal);
        var found = await OkAsync(HttpMethod.Get, $"{other}/{created["metadata"]!["name"]}");

        Assert.Equal(selector, created["spec"]!["selector"]?.ToJsonString());
        Assert.Equal(seen, found["spec"]!["selector"]?.ToJsonString());
        // And back, as whoever writes what it read.
        await OkAsync(HttpMethod.Put, $"{other}/{created["metadata"]!["name"]}", found.ToJsonString());
        Assert.Equal(selector, (await OkAsync(HttpMethod.Get, $"{path}/{created["metadata"]!["name"]}"))["spec"]!["selector"]?.ToJsonString());
    }

    [Fact]
    public async Task Watch_OfAnotherVersion_TellsItsObjects()
    {
        using var cancel = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        const string path = "/apis/policy/v1beta1/namespaces/default/poddisruptionbudgets";
        using var response = await _rig.Client.GetAsync(path + "?watch=true&fieldSelector=metadata.name%3Dwatched", HttpCompletionOption.ResponseHeadersRead, cancel.Token);
        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(cancel.Token));
        await OkAsync(HttpMethod.Post, path.Replace("v1beta1", "v1", StringComparison.Ordinal),
            """{"metadata":{"name":"watched"},"spec":{"maxUnavailable":1}}""", HttpStatusCode.Created);
        var line = JsonNode.Parse((await reader.ReadLineAsync(cancel.Token))!)!;

        Assert.Equal("ADDED", line["type"]!.ToString());
        Assert.Equal("policy/v1beta1", line["object"]!["apiVersion"]!.ToString());
        Assert.Equal("watched", line["object"]!["metadata"]!["name"]!.ToString());
    }

    [Theory]
    [InlineData("batch", "cronjobs", "CronJob", """{"spec":{"schedule":"@daily","jobTemplate":JOB}}""")]
    [InlineData("policy", "poddisruptionbudgets", "PodDisruptionBudget", """{"spec":{"maxUnavailable":1}}""")]
    public async Task Beta_IsTheSameObjectByAnotherName(string group, string plural, string kind, string good)
    {
        var (beta, ga) = ($"/apis/{group}/v1beta1/namespaces/default/{plural}", $"/apis/{group}/v1/namespaces/default/{plural}");
        var body = JsonNode.Parse(good.Replace("JOB", Job, StringComparison.Ordinal))!;
        body["metadata"] = new JsonObject { ["name"] = "beta" };
        (body["apiVersion"], body["kind"]) = ($"{group}/v1beta1", kind);
        var created = await OkAsync(HttpMethod.Post, beta, body.ToJsonString(), HttpStatusCode.Created);
        Assert.Equal($"{group}/v1beta1", created["apiVersion"]!.ToString());
        var seen = await OkAsync(HttpMethod.Get, ga + "/beta");
        Assert.Equal($"{group}/v1", seen["apiVersion"]!.ToString());
        Assert.True(JsonNode.DeepEquals(created["spec"], seen["spec"]));

        created["metadata"]!["labels"] = new JsonObject { ["a"] = "b" };
        await OkAsync(HttpMethod.Put, beta + "/beta", created.ToJsonString());
        Assert.Equal("b", (await OkAsync(HttpMethod.Get, ga + "/beta"))["metadata"]!["labels"]!["a"]!.ToString());
        var applied = $"apiVersion: {group}/v1beta1\nkind: {kind}\nmetadata:\n  name: beta\n  labels: {{c: d}}\n";
        var (code, answer) = await _rig.SendAsync(
            HttpMethod.Patch, beta + "/beta?fieldManager=me", applied, "application/apply-patch+yaml");
        Assert.True(code == HttpStatusCode.OK, answer.ToString());
        Assert.Equal($"{group}/v1beta1", answer["apiVersion"]!.ToString());
        Assert.Equal("d", answer["metadata"]!["labels"]!["c"]!.ToString());
        Assert.Contains($$$"""me Apply {{{group}}}/v1beta1 {"f:metadata":{"f:labels":{"f:c":{} } } }""".Replace(" }", "}", StringComparison.Ordinal), Owners(answer));
        await OkAsync(HttpMethod.Delete, beta + "/beta");
        Assert.Equal(HttpStatusCode.NotFound, (await _rig.GetAsync(ga + "/beta")).Code);
    }

    [Theory]
    [InlineData("/apis/batch/v1beta1/cronjobs", "batch/v1beta1 CronJob is deprecated in v1.21+, unavailable in v1.25+; use batch/v1 CronJob")]
    [InlineData(
        "/apis/policy/v1beta1/namespaces/default/poddisruptionbudgets/none",
        "policy/v1beta1 PodDisruptionBudget is deprecated in v1.21+, unavailable in v1.25+; use policy/v1 PodDisruptionBudget")]
    [InlineData(
        "/apis/discovery.k8s.io/v1beta1/endpointslices",
        "discovery.k8s.io/v1beta1 EndpointSlice is deprecated in v1.21+, unavailable in v1.25+; use discovery.k8s.io/v1 EndpointSlice")]
    [InlineData(
        "/apis/discovery.k8s.io/v1beta1/endpointslices?watch=1&timeoutSeconds=1",
        "discovery.k8s.io/v1beta1 EndpointSlice is deprecated in v1.21+, unavailable in v1.25+; use discovery.k8s.io/v1 EndpointSlice")]
    [InlineData("/api/v1/componentstatuses", "v1 ComponentStatus is deprecated in v1.19+")]
    [InlineData("/apis/batch/v1/cronjobs", null)]
    [InlineData("/apis/autoscaling/v1/horizontalpodautoscalers", null)]
    public async Task Deprecated_Version_IsWarnedOf(string path, string? warning)
    {
        using var response = await _rig.Client.GetAsync(path, HttpCompletionOption.ResponseHeadersRead);

        Assert.Equal(warning is null ? [] : [$"299 - \"{warning}\""], response.Headers.TryGetValues("Warning", out var told) ? told : []);
    }

    [Fact]
    public async Task EndpointSlice_InBeta_HasItsZoneAmongTheTopology()
    {
        const string beta = "/apis/discovery.k8s.io/v1beta1/namespaces/default/endpointslices";
        await OkAsync(HttpMethod.Post, beta,
            """
            {"apiVersion":"discovery.k8s.io/v1beta1","kind":"EndpointSlice","metadata":{"name":"s"},"addressType":"IPv4","ports":[{"port":80}],
             "endpoints":[{"addresses":["192.0.2.1"],"nodeName":"n","topology":{"topology.kubernetes.io/zone":"z","kubernetes.io/hostname":"n","x":"y"}}]}
            """,
            HttpStatusCode.Created);
        var ga = (await OkAsync(HttpMethod.Get, beta.Replace("v1beta1", "v1", StringComparison.Ordinal) + "/s"))["endpoints"]![0]!;
        Assert.Equal(("z", "n", """{"x":"y"}"""), (ga["zone"]!.ToString(), ga["nodeName"]!.ToString(), ga["deprecatedTopology"]!.ToJsonString()));
        var again = (await OkAsync(HttpMethod.Get, beta + "/s"))["endpoints"]![0]!["topology"]!;
        Assert.Equal("""{"kubernetes.io/hostname":"n","topology.kubernetes.io/zone":"z","x":"y"}""", again.ToJsonString());
    }

    [Fact]
    public async Task Autoscaler_InVersionOne_KeepsWhatItHasNoFieldFor()
    {
        const string v2 = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers";
        const string v1 = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers";
        await OkAsync(HttpMethod.Post, v2,
            """
            {"metadata":{"name":"h"},"spec":{"scaleTargetRef":{"apiVersion":"apps/v1","kind":"Deployment","name":"web"},"minReplicas":2,"maxReplicas":5,
             "metrics":[{"type":"Resource","resource":{"name":"cpu","target":{"type":"Utilization","averageUtilization":50}}},
              {"type":"Pods","pods":{"metric":{"name":"qps"},"target":{"type":"AverageValue","averageValue":"10"}}}],
             "behavior":{"scaleDown":{"stabilizationWindowSeconds":60}}}}
            """,
            HttpStatusCode.Created);
        var old = await OkAsync(HttpMethod.Get, v1 + "/h");
        Assert.Equal(("autoscaling/v1", 50, 2, 5), (
            old["apiVersion"]!.ToString(), (int)old["spec"]!["targetCPUUtilizationPercentage"]!, (int)old["spec"]!["minReplicas"]!,
            (int)old["spec"]!["maxReplicas"]!));
        Assert.Equal(
            """[{"type":"Pods","pods":{"metricName":"qps","targetAverageValue":"10"}}]""",
            old["metadata"]!["annotations"]!["autoscaling.alpha.kubernetes.io/metrics"]!.ToString());

        old["spec"]!["targetCPUUtilizationPercentage"] = 70;
        await OkAsync(HttpMethod.Put, v1 + "/h", old.ToJsonString());
        var now = await OkAsync(HttpMethod.Get, v2 + "/h");
        var metrics = now["spec"]!["metrics"]!.AsArray();
        Assert.Equal(2, metrics.Count);
        Assert.Equal(70, (int)metrics.Single(metric => metric!["type"]!.ToString() == "Resource")!["resource"]!["target"]!["averageUtilization"]!);
        Assert.Equal("10", metrics.Single(metric => metric!["type"]!.ToString() == "Pods")!["pods"]!["target"]!["averageValue"]!.ToString());
        Assert.Equal(60, (int)now["spec"]!["behavior"]!["scaleDown"]!["stabilizationWindowSeconds"]!);
        Assert.Null(now["metadata"]!["annotations"]?["autoscaling.alpha.kubernetes.io/metrics"]);
    }

    [Fact]
    public async Task Apply_InSeveralVersions_TellsOwnersInTheVersionOfEach()
    {
        const string v1 = "/apis/autoscaling/v1/namespaces/default/horizontalpodautoscalers/applied";
        const string v2 = "/apis/autoscaling/v2/namespaces/default/horizontalpodautoscalers/applied";
        const string first =
            """
            apiVersion: autoscaling/v1
            kind: HorizontalPodAutoscaler
            metadata: {name: applied, labels: {a: "1", b: "1"}}
            spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 5, targetCPUUtilizationPercentage: 50}
            """;
        var created = await ApplyAsync(v1, "one", first, HttpStatusCode.Created);
        Assert.Equal("autoscaling/v1", created["apiVersion"]!.ToString());
        Assert.Equal(
            """one Apply autoscaling/v1 {"f:metadata":{"f:labels":{"f:a":{},"f:b":{}}},"f:spec":{"f:maxReplicas":{},"f:scaleTargetRef":{},"f:targetCPUUtilizationPercentage":{}}}""",
            Assert.Single(Owners(created)));
        Assert.Equal(Version(created), Version(await ApplyAsync(v1, "one", first)));

        var metrics = """[{type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}]""";
        var second = $"apiVersion: autoscaling/v2\nkind: HorizontalPodAutoscaler\nmetadata: {{name: applied}}\nspec: {{metrics: {metrics}}}\n";
        var refused = await ApplyAsync(v2, "two", second, HttpStatusCode.Conflict);
        Assert.Equal("Apply failed with 1 conflict: conflict with \"one\": .spec.targetCPUUtilizationPercentage", refused["message"]!.ToString());
        var taken = await ApplyAsync(v2, "two", second, query: "&force=true");
        Assert.Equal(70, (int)taken["spec"]!["metrics"]![0]!["resource"]!["target"]!["averageUtilization"]!);
        Assert.Equal(
            [
                """one Apply autoscaling/v1 {"f:metadata":{"f:labels":{"f:a":{},"f:b":{}}},"f:spec":{"f:maxReplicas":{},"f:scaleTargetRef":{}}}""",
                """two Apply autoscaling/v2 {"f:spec":{"f:metrics":{}}}""",
            ],
            Owners(taken).Order());

        // What it has left out since then goes, though it applied that in another version; what the other one owns stays.
        var moved = await ApplyAsync(v2, "one",
            """
            apiVersion: autoscaling/v2
            kind: HorizontalPodAutoscaler
            metadata: {name: applied, labels: {a: "1"}}
            spec: {scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: web}, maxReplicas: 5}
            """);
        Assert.Equal("""{"a":"1"}""", moved["metadata"]!["labels"]!.ToJsonString());
        Assert.Equal(70, (int)moved["spec"]!["metrics"]![0]!["resource"]!["target"]!["averageUtilization"]!);
        // In this version the reference is no longer one whole.
        Assert.Contains(
            """one Apply autoscaling/v2 {"f:metadata":{"f:labels":{"f:a":{}}},"f:spec":{"f:maxReplicas":{},"f:scaleTargetRef":{"f:apiVersion":{},"f:kind":{},"f:name":{}}}}""",
            Owners(moved));
        Assert.Equal(2, Owners(moved).Count);

        await OkAsync(HttpMethod.Patch, v1 + "?fieldManager=three", """{"spec":{"targetCPUUtilizationPercentage":60,"minReplicas":2}}""");
        var now = await OkAsync(HttpMethod.Get, v2);
        Assert.Equal(60, (int)now["spec"]!["metrics"]![0]!["resource"]!["target"]!["averageUtilization"]!);
        Assert.Contains("""three Update autoscaling/v1 {"f:spec":{"f:minReplicas":{},"f:targetCPUUtilizationPercentage":{}}}""", Owners(now));
        Assert.DoesNotContain(Owners(now), owner => owner.StartsWith("two ", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Apply_InAGroupOfAnotherForm_IsOneObject()
    {
        const string core = "/api/v1/namespaces/default/events/applied";
        const string events = "/apis/events.k8s.io/v1/namespaces/default/events/applied";
        var created = await ApplyAsync(events, "one",
            """
            apiVersion: events.k8s.io/v1
            kind: Event
            metadata: {name: applied}
            eventTime: "2024-01-02T03:04:05.000006Z"
            reportingController: example.com/c
            reportingInstance: c-0
            action: Doing
            reason: Done
            type: Normal
            note: all well
            regarding: {kind: Pod, namespace: default, name: another}
            """,
            HttpStatusCode.Created);
        Assert.Contains("\"f:note\":{}", Assert.Single(Owners(created)), StringComparison.Ordinal);

        const string message = "{apiVersion: v1, kind: Event, metadata: {name: applied}, message: better}";
        var refused = await ApplyAsync(core, "two", message, HttpStatusCode.Conflict);
        Assert.Equal("Apply failed with 1 conflict: conflict with \"one\": .note", refused["message"]!.ToString());
        await ApplyAsync(core, "two", message, query: "&force=true");
        var now = await OkAsync(HttpMethod.Get, events);
        Assert.Equal("better", now["note"]!.ToString());
        Assert.Contains("""two Apply v1 {"f:message":{}}""", Owners(now));
        Assert.DoesNotContain(Owners(now), owner => owner.Contains("f:note", StringComparison.Ordinal));
    }

    [Fact]
    public void Versions_OfEveryKind_NameOneThatIsStored() => Assert.All(
        ResourceCatalog.All.Where(type => type.StoredAs is not null),
        type => Assert.NotNull(type.Storage.StoragePrefix));

    private async Task<JsonNode> ApplyAsync(
        string path, string manager, string body, HttpStatusCode expected = HttpStatusCode.OK, string query = "")
    {
        var (code, answer) = await _rig.SendAsync(HttpMethod.Patch, $"{path}?fieldManager={manager}{query}", body, "application/apply-patch+yaml");
        Assert.True(code == expected, $"{path}: {code} {answer}");
        return answer;
    }

    private static string Version(JsonNode obj) => obj["metadata"]!["resourceVersion"]!.ToString();

    private static List<string> Owners(JsonNode obj) =>
        [.. obj["metadata"]!["managedFields"]!.AsArray().Select(owner => $"{owner!["manager"]} {owner["operation"]} {owner["apiVersion"]} {owner["fieldsV1"]!.ToJsonString()}")];

    private async Task<JsonNode> OkAsync(
        HttpMethod method, string path, string? body = null, HttpStatusCode expected = HttpStatusCode.OK, string? accept = null)
    {
        var type = method == HttpMethod.Patch ? "application/merge-patch+json" : "application/json";
        var (code, answer) = await _rig.SendAsync(method, path, body, type, accept);
        Assert.True(code == expected, $"{method} {path}: {code} {answer}");
        return answer;
    }
}

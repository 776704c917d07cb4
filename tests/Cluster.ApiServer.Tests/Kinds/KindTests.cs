using System.Net;
using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.ApiServer.Tests.Rest;

namespace Cluster.ApiServer.Tests.Kinds;

/// <summary>Every kind through the REST endpoints and the real store: its life, its defaults, and what it refuses in which words.</summary>
public sealed class KindTests(KindTests.Fixture fixture) : IClassFixture<KindTests.Fixture>
{
    private readonly RestRig _rig = fixture.Rig;

    public static TheoryData<string> Kinds => [.. KindCases.All.Select(kind => kind.Plural)];

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Object_LivesFromCreateToDelete(string plural)
    {
        var kind = Case(plural);
        var path = kind.Path + "/life";
        var created = await OkAsync(HttpMethod.Post, kind.Path, Body(kind, "life"), HttpStatusCode.Created);
        AssertContains(JsonNode.Parse(kind.Defaults)!, created, kind.Plural);
        Assert.Equal(created["metadata"]!["uid"]!.ToString(), (await OkAsync(HttpMethod.Get, path))["metadata"]!["uid"]!.ToString());
        var list = await OkAsync(HttpMethod.Get, kind.Path);
        Assert.Contains(list["items"]!.AsArray(), item => item!["metadata"]!["name"]!.ToString() == "life");

        created["metadata"]!["labels"] = new JsonObject { ["put"] = "1" };
        var put = await OkAsync(HttpMethod.Put, path, created.ToJsonString());
        Assert.Equal("1", put["metadata"]!["labels"]!["put"]!.ToString());
        var generation = put["metadata"]!["generation"]?.ToString();
        await PatchAsync(path, """{"metadata":{"annotations":{"patched":"1"}}}""", HttpStatusCode.OK);
        if (kind.Status is not null)
            await StatusIsApartAsync(kind, path);
        var last = await OkAsync(HttpMethod.Get, path);
        Assert.Equal(generation, last["metadata"]!["generation"]?.ToString());
        Assert.Equal("1", last["metadata"]!["annotations"]!["patched"]!.ToString());

        await OkAsync(HttpMethod.Delete, path + "?propagationPolicy=Background");
        var (code, gone) = await _rig.GetAsync(path);
        var resource = plural + Group(kind);
        Assert.Equal((HttpStatusCode.NotFound, "NotFound", $"{resource} \"life\" not found"), (code, gone["reason"]!.ToString(), gone["message"]!.ToString()));
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Create_WithAMistake_IsInvalidInKubernetesWords(string plural)
    {
        var kind = Case(plural);
        Assert.True(kind.Mistakes.Count >= 2, $"{plural}: at least two mistakes are to be told");
        foreach (var (patch, causes) in kind.Mistakes)
        {
            var body = Merge(JsonNode.Parse(Body(kind, "bad"))!, JsonNode.Parse(patch)!)!.ToJsonString();
            var (code, status) = await _rig.PostAsync(kind.Path, body);
            AssertInvalid(kind, "bad", code, status, causes, patch);
        }
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public async Task Update_OfWhatMayNotChange_IsInvalid(string plural)
    {
        var kind = Case(plural);
        await OkAsync(HttpMethod.Post, kind.Path, Body(kind, "fixed"), HttpStatusCode.Created);
        foreach (var (patch, causes) in kind.BadChanges)
        {
            var (code, status) = await _rig.SendAsync(HttpMethod.Patch, kind.Path + "/fixed", patch, "application/merge-patch+json");
            AssertInvalid(kind, "fixed", code, status, causes, patch);
        }
    }

    /// <summary>A kind whose catalog entry nobody looks at would be served with any content.</summary>
    [Fact]
    public void Cases_HoldEveryStoredKindThatHasNoTestsOfItsOwn()
    {
        string[] elsewhere =
        [
            "namespaces", "nodes", "pods", "services", "endpoints", "replicationcontrollers", "events", "configmaps", "secrets", "serviceaccounts",
            "replicasets", "deployments", "leases", "endpointslices", "certificatesigningrequests",
            "customresourcedefinitions", "mutatingwebhookconfigurations", "validatingwebhookconfigurations",
        ];
        var stored = ResourceCatalog.All.Where(type => type.StoragePrefix is not null).Select(type => type.Plural);

        Assert.Equal(stored.Except(elsewhere).Order(), KindCases.All.Select(kind => kind.Plural).Order());
    }

    private async Task StatusIsApartAsync(KindCase kind, string path)
    {
        var status = JsonNode.Parse(kind.Status!)!;
        var whole = await PatchAsync(path, new JsonObject { ["status"] = status.DeepClone() }.ToJsonString(), HttpStatusCode.OK);
        Assert.False(Contains(status, whole["status"] ?? new JsonObject()), "an update of the object must leave its status as it is");
        var apart = await PatchAsync(
            path + "/status", new JsonObject { ["status"] = status.DeepClone() }.ToJsonString(), HttpStatusCode.OK);
        AssertContains(status, apart["status"]!, kind.Plural + "/status");
    }

    private async Task<JsonNode> OkAsync(HttpMethod method, string path, string? body = null, HttpStatusCode expected = HttpStatusCode.OK)
    {
        var (code, answer) = await _rig.SendAsync(method, path, body);
        Assert.True(code == expected, $"{method} {path}: {code} {answer}");
        return answer;
    }

    private async Task<JsonNode> PatchAsync(string path, string patch, HttpStatusCode expected)
    {
        var (code, answer) = await _rig.SendAsync(HttpMethod.Patch, path, patch, "application/merge-patch+json");
        Assert.True(code == expected, $"PATCH {path}: {code} {answer}");
        return answer;
    }

    private static void AssertInvalid(KindCase kind, string name, HttpStatusCode code, JsonNode status, string[] causes, string patch)
    {
        Assert.True(code == HttpStatusCode.UnprocessableEntity, $"{kind} {patch}: {code} {status}");
        Assert.Equal("Invalid", status["reason"]!.ToString());
        var told = status["details"]!["causes"]!.AsArray().Select(cause => $"{cause!["field"]}|{cause["reason"]}|{cause["message"]}");
        Assert.Equal(causes.Order(StringComparer.Ordinal), told.Order(StringComparer.Ordinal));
        var texts = status["details"]!["causes"]!.AsArray().Select(cause => $"{cause!["field"]}: {cause["message"]}").ToList();
        var list = texts.Count == 1 ? texts[0] : $"[{string.Join(", ", texts)}]";
        Assert.Equal($"{kind.Kind} \"{name}\" is invalid: {list}", status["message"]!.ToString());
        Assert.Equal(kind.Kind.Split('.')[0], status["details"]!["kind"]!.ToString());
    }

    private static KindCase Case(string plural) => KindCases.All.Single(kind => kind.Plural == plural);

    private static string Group(KindCase kind) => kind.Kind.Contains('.', StringComparison.Ordinal) ? kind.Kind[kind.Kind.IndexOf('.', StringComparison.Ordinal)..] : "";

    private static string Body(KindCase kind, string name)
    {
        var body = JsonNode.Parse(kind.Good)!.AsObject();
        body["metadata"] = new JsonObject { ["name"] = name };
        return body.ToJsonString();
    }

    private static JsonNode? Merge(JsonNode? target, JsonNode? patch)
    {
        if (patch is not JsonObject changes)
            return patch?.DeepClone();
        var merged = target is JsonObject obj ? (JsonObject)obj.DeepClone() : [];
        foreach (var (name, value) in changes)
        {
            if (value is null)
                merged.Remove(name);
            else
                merged[name] = Merge(merged[name], value);
        }

        return merged;
    }

    private static void AssertContains(JsonNode expected, JsonNode actual, string where) =>
        Assert.True(Contains(expected, actual), $"{where}: {expected.ToJsonString()} is not in {actual.ToJsonString()}");

    private static bool Contains(JsonNode? expected, JsonNode? actual) => (expected, actual) switch
    {
        (JsonObject fields, JsonObject all) => fields.All(field => Contains(field.Value, all[field.Key])),
        (JsonArray items, JsonArray all) => items.Count == all.Count && items.Zip(all).All(pair => Contains(pair.First, pair.Second)),
        _ => JsonNode.DeepEquals(expected, actual),
    };

    public sealed class Fixture : IAsyncLifetime
    {
        public RestRig Rig { get; private set; } = null!;

        public async ValueTask InitializeAsync() => Rig = await RestRig.StartAsync();

        public ValueTask DisposeAsync() => Rig.DisposeAsync();
    }
}

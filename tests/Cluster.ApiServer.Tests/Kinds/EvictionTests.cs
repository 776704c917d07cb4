using System.Net;
using System.Text.Json.Nodes;
using Cluster.ApiServer.Tests.Registry;
using Cluster.ApiServer.Tests.Rest;

namespace Cluster.ApiServer.Tests.Kinds;

/// <summary>pods/eviction: what a disruption budget allows, and what is told when it does not. Ephemeral containers too, the other new part of pods.</summary>
public sealed class EvictionTests(KindTests.Fixture fixture) : IClassFixture<KindTests.Fixture>
{
    private const string Budgets = "/apis/policy/v1/namespaces/default/poddisruptionbudgets";
    private const string Pods = "/api/v1/namespaces/default/pods/";

    private readonly RestRig _rig = fixture.Rig;

    [Theory]
    [InlineData("policy/v1")]
    [InlineData("policy/v1beta1")]
    public async Task Evict_WithinTheBudget_DeletesThePodAndTakesFromIt(string version)
    {
        var name = "free" + version.Length;
        await PodAsync(name);
        await BudgetAsync(name, allowed: 1);
        var (code, status) = await EvictAsync(name, version);

        Assert.True(code == HttpStatusCode.Created, status.ToString());
        Assert.Equal("Success", status["status"]!.ToString());
        var pod = await _rig.GetAsync(Pods + name);
        Assert.True(pod.Code == HttpStatusCode.NotFound || pod.Body["metadata"]!["deletionTimestamp"] is not null);
        var budget = (await _rig.GetAsync($"{Budgets}/{name}")).Body["status"]!;
        Assert.Equal(0, (int)budget["disruptionsAllowed"]!);
        Assert.NotNull(budget["disruptedPods"]![name]);
    }

    [Fact]
    public async Task Evict_OfTheStateThatIsThere_SaysOnThePodWhyItGoes()
    {
        await PodAsync("marked");
        await _rig.SendAsync(HttpMethod.Patch, Pods + "marked", """{"metadata":{"finalizers":["example.com/hold"]}}""", "application/merge-patch+json");
        var version = (await _rig.GetAsync(Pods + "marked")).Body["metadata"]!["resourceVersion"]!.ToString();
        var (code, status) = await _rig.PostAsync(
            $"{Pods}marked/eviction",
            """{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"marked"},"deleteOptions":{"preconditions":{"resourceVersion":"VERSION"}}}""".Replace("VERSION", version, StringComparison.Ordinal));

        Assert.True(code == HttpStatusCode.Created, status.ToString());
        var pod = (await _rig.GetAsync(Pods + "marked")).Body;
        Assert.NotNull(pod["metadata"]!["deletionTimestamp"]);
        var condition = pod["status"]!["conditions"]!.AsArray().Single(one => one!["type"]!.ToString() == "DisruptionTarget")!;
        Assert.Equal(("True", "EvictionByEvictionAPI", "Eviction API: evicting"), (condition["status"]!.ToString(), condition["reason"]!.ToString(), condition["message"]!.ToString()));
    }

    [Fact]
    public async Task Evict_BeyondTheBudget_IsTooManyRequestsWithItsCause()
    {
        await PodAsync("kept");
        await BudgetAsync("kept", allowed: 0);
        var (code, status) = await EvictAsync("kept", "policy/v1");

        Assert.Equal((HttpStatusCode.TooManyRequests, 429), (code, (int)status["code"]!));
        Assert.Equal(("TooManyRequests", "Cannot evict pod as it would violate the pod's disruption budget."), (
            status["reason"]!.ToString(), status["message"]!.ToString()));
        var cause = Assert.Single(status["details"]!["causes"]!.AsArray())!;
        Assert.Equal(("DisruptionBudget", "The disruption budget kept needs 1 healthy pods and has 1 currently"), (
            cause["reason"]!.ToString(), cause["message"]!.ToString()));
        Assert.Null((await _rig.GetAsync(Pods + "kept")).Body["metadata"]!["deletionTimestamp"]);
    }

    [Fact]
    public async Task Evict_ManyAtOnce_NoMoreThanTheBudgetAllows()
    {
        string[] names = ["crowd-0", "crowd-1", "crowd-2", "crowd-3", "crowd-4", "crowd-5"];
        foreach (var name in names)
            await PodAsync(name, app: "crowd");
        await BudgetAsync("crowd", allowed: 2);
        var answers = await Task.WhenAll(names.Select(name => EvictAsync(name, "policy/v1")));

        Assert.Equal(2, answers.Count(answer => answer.Code == HttpStatusCode.Created));
        Assert.Equal(4, answers.Count(answer => answer.Code == HttpStatusCode.TooManyRequests));
    }

    [Theory]
    [InlineData("tried", """{"dryRun":["All"]}""", HttpStatusCode.Created)]
    [InlineData("meant", """{"preconditions":{"uid":"another"}}""", HttpStatusCode.Conflict)]
    public async Task Evict_ThatDeletesNothing_TakesNothingFromTheBudget(string name, string options, HttpStatusCode expected)
    {
        await PodAsync(name);
        await BudgetAsync(name, allowed: 1);
        var (code, status) = await _rig.PostAsync(
            $"{Pods}{name}/eviction", $$$"""{"apiVersion":"policy/v1","kind":"Eviction","metadata":{"name":"{{{name}}}","namespace":"default"},"deleteOptions":{{{options}}}}""");

        Assert.True(code == expected, status.ToString());
        Assert.Null((await _rig.GetAsync(Pods + name)).Body["metadata"]!["deletionTimestamp"]);
        Assert.Equal(1, (int)(await _rig.GetAsync($"{Budgets}/{name}")).Body["status"]!["disruptionsAllowed"]!);
    }

    [Fact]
    public async Task Evict_WithTwoBudgets_IsRefused()
    {
        await PodAsync("torn");
        await BudgetAsync("torn", allowed: 1);
        await BudgetAsync("torn-too", allowed: 1, app: "torn");
        var (code, status) = await EvictAsync("torn", "policy/v1");

        Assert.Equal(HttpStatusCode.InternalServerError, code);
        Assert.Equal("This pod has more than one PodDisruptionBudget, which the eviction subresource does not support.", status["message"]!.ToString());
    }

    [Fact]
    public async Task Evict_OfAPodThatIsNotThere_IsNotFound()
    {
        var (code, status) = await EvictAsync("nobody", "policy/v1");

        Assert.Equal((HttpStatusCode.NotFound, "pods \"nobody\" not found"), (code, status["message"]!.ToString()));
    }

    [Fact]
    public async Task EphemeralContainers_AreAddedAndStay()
    {
        await PodAsync("debugged");
        const string path = Pods + "debugged/ephemeralcontainers";
        const string one = """{"spec":{"ephemeralContainers":[{"name":"look","image":"busybox","targetContainerName":"main"}]}}""";
        var (code, pod) = await _rig.SendAsync(HttpMethod.Patch, path, one, "application/strategic-merge-patch+json");
        Assert.True(code == HttpStatusCode.OK, pod.ToString());
        Assert.Equal("Always", pod["spec"]!["ephemeralContainers"]![0]!["imagePullPolicy"]!.ToString());

        var (refused, status) = await _rig.SendAsync(
            HttpMethod.Patch, path, """{"spec":{"ephemeralContainers":[]}}""", "application/merge-patch+json");
        Assert.Equal(HttpStatusCode.UnprocessableEntity, refused);
        Assert.Equal(
            "Pod \"debugged\" is invalid: spec.ephemeralContainers: Forbidden: existing ephemeral containers \"look\" may not be removed\n",
            status["message"]!.ToString());
    }

    private async Task PodAsync(string name, string? app = null)
    {
        var pod = new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = name, ["labels"] = new JsonObject { ["app"] = app ?? name } },
            ["spec"] = JsonNode.Parse("""{"nodeName":"n","containers":[{"name":"main","image":"i"}]}"""),
        };
        Assert.Equal(HttpStatusCode.Created, (await _rig.PostAsync(Pods.TrimEnd('/'), pod.ToJsonString())).Code);
        var running = """{"status":{"phase":"Running","conditions":[{"type":"Ready","status":"True"}]}}""";
        Assert.Equal(HttpStatusCode.OK, (await _rig.SendAsync(HttpMethod.Patch, Pods + name + "/status", running, "application/merge-patch+json")).Code);
    }

    private async Task BudgetAsync(string name, int allowed, string? app = null)
    {
        var budget = new JsonObject
        {
            ["metadata"] = new JsonObject { ["name"] = name },
            ["spec"] = new JsonObject
            {
                ["minAvailable"] = 1, ["selector"] = new JsonObject { ["matchLabels"] = new JsonObject { ["app"] = app ?? name } },
            },
        };
        Assert.Equal(HttpStatusCode.Created, (await _rig.PostAsync(Budgets, budget.ToJsonString())).Code);
        var status = $$$"""{"status":{"observedGeneration":1,"disruptionsAllowed":{{{allowed}}},"currentHealthy":1,"desiredHealthy":1,"expectedPods":1}}""";
        Assert.Equal(HttpStatusCode.OK, (await _rig.SendAsync(HttpMethod.Patch, $"{Budgets}/{name}/status", status, "application/merge-patch+json")).Code);
    }

    private Task<(HttpStatusCode Code, JsonNode Body)> EvictAsync(string name, string version) => _rig.PostAsync(
        $"{Pods}{name}/eviction",
        new JsonObject
        {
            ["apiVersion"] = version, ["kind"] = "Eviction", ["metadata"] = new JsonObject { ["name"] = name, ["namespace"] = "default" },
        }.ToJsonString());
}

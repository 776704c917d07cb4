using System.Text.Json;
using Cluster.Testing;

namespace Cluster.ApiServer.Tests.Hosting;

/// <summary>What kubectl needs of the server's edge: discovery, OpenAPI, validation. Skipped where kubectl is not installed.</summary>
public sealed class KubectlTests(ApiServerRig rig) : IClassFixture<ApiServerRig>
{
    [Fact]
    public async Task Version_TellsTheServers()
    {
        var result = await RunAsync(null, "version", "-o", "json");
        using var version = JsonDocument.Parse(result.Output);

        Assert.StartsWith("v1.32.", version.RootElement.GetProperty("serverVersion").GetProperty("gitVersion").GetString());
        Assert.Empty(result.Errors);
    }

    [Fact]
    public async Task ApiResources_ListsKindsWithShortNames()
    {
        var result = await RunAsync(null, "api-resources");

        Assert.Matches("(?m)^pods +po +v1 +true +Pod$", result.Output);
        Assert.Matches("(?m)^deployments +deploy +apps/v1 +true +Deployment$", result.Output);
        Assert.Matches("(?m)^leases +coordination.k8s.io/v1 +true +Lease$", result.Output);
    }

    [Fact]
    public async Task Explain_Field_TellsTypeAndParts()
    {
        var result = await RunAsync(null, "explain", "pod.spec.containers");

        Assert.Contains("KIND:       Pod", result.Output);
        Assert.Contains("FIELD: containers <[]Container>", result.Output);
        Assert.Contains("livenessProbe\t<Probe>", result.Output);
    }

    [Fact]
    public async Task Explain_BySwaggerInProtobuf_TellsTheSame()
    {
        var result = await RunAsync(null, "explain", "pod.spec", "--output", "plaintext-openapiv2");

        Assert.Contains("KIND:     Pod", result.Output);
        Assert.Matches("(?m)^   containers\t<\\[\\]Object> -required-$", result.Output);
    }

    [Fact]
    public async Task Explain_Recursive_WalksTheWholeKind()
    {
        var result = await RunAsync(null, "explain", "deployment", "--recursive");

        Assert.Contains("maxSurge\t<IntOrString>", result.Output);
    }

    [Fact]
    public async Task Create_UnknownField_IsRefusedByName()
    {
        var manifest = ConfigMap("typo").Replace("data:", "dota:", StringComparison.Ordinal);
        Assert.SkipUnless(KubectlProgram.CanRun, KubectlProgram.WhyNot);
        var result = await rig.KubectlAsync(manifest, "create", "-f", "-");

        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains("unknown field \"dota\"", result.Errors);
    }

    [Theory]
    [InlineData("client")]
    [InlineData("server")]
    public async Task Create_DryRun_StoresNothing(string where)
    {
        var result = await RunAsync(ConfigMap("dry-" + where), "create", "--dry-run=" + where, "-f", "-");
        Assert.Equal($"configmap/dry-{where} created ({(where == "client" ? "dry run" : "server dry run")})\n", result.Output);

        var after = await rig.KubectlAsync(null, "get", "configmap", "dry-" + where);
        Assert.Contains($"configmaps \"dry-{where}\" not found", after.Errors);
    }

    [Fact]
    public async Task Apply_TwiceThenChanged_PatchesTheObject()
    {
        var manifest = ConfigMap("applied");
        Assert.Equal("configmap/applied created\n", (await RunAsync(manifest, "apply", "-f", "-")).Output);
        Assert.Equal("configmap/applied unchanged\n", (await RunAsync(manifest, "apply", "-f", "-")).Output);
        var changed = manifest.Replace("blue", "green", StringComparison.Ordinal);
        Assert.Equal("configmap/applied configured\n", (await RunAsync(changed, "apply", "-f", "-")).Output);

        Assert.Equal("green", (await RunAsync(null, "get", "configmap", "applied", "-o", "jsonpath={.data.colour}")).Output);
    }

    [Fact]
    public async Task GetRaw_OpenApi_IsServedInEveryForm()
    {
        Assert.Contains("\"swagger\":\"2.0\"", (await RunAsync(null, "get", "--raw", "/openapi/v2")).Output);
        Assert.Contains("apis/apps/v1", (await RunAsync(null, "get", "--raw", "/openapi/v3")).Output);
    }

    [Fact]
    public async Task CreateToken_OfAServiceAccount_IsKnownButAllowedNothing()
    {
        await RunAsync(null, "create", "serviceaccount", "robot");
        var token = (await RunAsync(null, "create", "token", "robot", "--duration", "15m")).Output.Trim();
        using var client = rig.Client(null, token);
        using var response = await client.GetAsync("/api/v1/namespaces/default/pods", TestContext.Current.CancellationToken);

        Assert.Equal(System.Net.HttpStatusCode.Forbidden, response.StatusCode);
        Assert.Contains(
            "User \\\"system:serviceaccount:default:robot\\\" cannot list resource",
            await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task CreateToken_TooShort_IsInvalid()
    {
        await RunAsync(null, "create", "serviceaccount", "hasty");
        var result = await rig.KubectlAsync(null, "create", "token", "hasty", "--duration", "1m");

        Assert.Contains("spec.expirationSeconds: Invalid value: 60: may not specify a duration less than 10 minutes", result.Errors);
    }

    private async Task<KubectlResult> RunAsync(string? input, params string[] arguments)
    {
        Assert.SkipUnless(KubectlProgram.CanRun, KubectlProgram.WhyNot);
        var result = await rig.KubectlAsync(input, arguments);
        Assert.True(result.ExitCode == 0, $"kubectl {string.Join(' ', arguments)}: {result.Errors}");
        return result;
    }

    private static string ConfigMap(string name) => $"""
        apiVersion: v1
        kind: ConfigMap
        metadata:
          name: {name}
        data:
          colour: blue
        """;
}

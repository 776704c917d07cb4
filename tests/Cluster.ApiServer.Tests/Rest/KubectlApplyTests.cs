using Cluster.ApiServer.Tests.Hosting;
using Cluster.Testing;

namespace Cluster.ApiServer.Tests.Rest;

/// <summary>Server-side apply as kubectl asks for it, on the real server.</summary>
public sealed class KubectlApplyTests(ApiServerRig rig) : IClassFixture<ApiServerRig>
{
    private const string ShowOwners = "jsonpath={range .metadata.managedFields[*]}{.manager}/{.operation} {end}";

    [Fact]
    public async Task Apply_OfAnOthersField_ConflictsUntilForced()
    {
        Assert.SkipUnless(KubectlProgram.CanRun, KubectlProgram.WhyNot);
        await ApplyAsync(ConfigMap("taken", "1"), "--server-side", "--field-manager=first");
        var refused = await rig.KubectlAsync(ConfigMap("taken", "2"), "apply", "--server-side", "--field-manager=second", "-f", "-");

        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("Apply failed with 1 conflict: conflict with \"first\": .data.color", refused.Errors, StringComparison.Ordinal);
        Assert.Contains("--force-conflicts", refused.Errors, StringComparison.Ordinal);
        await ApplyAsync(ConfigMap("taken", "2"), "--server-side", "--field-manager=second", "--force-conflicts");
        Assert.Equal("2", await GetAsync("taken", "jsonpath={.data.color}"));
        Assert.Equal("second/Apply", await GetAsync("taken", ShowOwners));
    }

    [Fact]
    public async Task Apply_AfterClientSideApply_TakesOverAndGoesBack()
    {
        Assert.SkipUnless(KubectlProgram.CanRun, KubectlProgram.WhyNot);
        await ApplyAsync(ConfigMap("moved", "1"));
        Assert.Equal("kubectl-client-side-apply/Update", await GetAsync("moved", ShowOwners));

        await ApplyAsync(ConfigMap("moved", "2"), "--server-side");
        Assert.Equal("2", await GetAsync("moved", "jsonpath={.data.color}"));
        Assert.Contains("kubectl/Apply", await GetAsync("moved", ShowOwners), StringComparison.Ordinal);
        Assert.Contains(
            "\"color\":\"2\"",
            await GetAsync("moved", "jsonpath={.metadata.annotations.kubectl\\.kubernetes\\.io/last-applied-configuration}"),
            StringComparison.Ordinal);

        await ApplyAsync(ConfigMap("moved", "3"));
        Assert.Equal("3", await GetAsync("moved", "jsonpath={.data.color}"));
    }

    [Fact]
    public async Task Diff_ServerSide_ShowsTheChangeAndMakesNone()
    {
        Assert.SkipUnless(KubectlProgram.CanRun, KubectlProgram.WhyNot);
        await ApplyAsync(ConfigMap("compared", "1"), "--server-side");
        var diff = await rig.KubectlAsync(ConfigMap("compared", "2"), "diff", "--server-side", "-f", "-");

        Assert.Equal(1, diff.ExitCode);
        Assert.Matches("(?m)^-  color: \"1\"$", diff.Output);
        Assert.Matches("(?m)^\\+  color: \"2\"$", diff.Output);
        Assert.Equal("1", await GetAsync("compared", "jsonpath={.data.color}"));
        Assert.Equal(0, (await rig.KubectlAsync(ConfigMap("compared", "1"), "diff", "--server-side", "-f", "-")).ExitCode);
    }

    [Fact]
    public async Task Get_ShowsManagedFieldsWhenAsked()
    {
        Assert.SkipUnless(KubectlProgram.CanRun, KubectlProgram.WhyNot);
        await ApplyAsync(ConfigMap("shown", "1"), "--server-side");
        var hidden = await rig.KubectlAsync(null, "get", "configmap", "shown", "-o", "yaml");
        var shown = await rig.KubectlAsync(null, "get", "configmap", "shown", "-o", "yaml", "--show-managed-fields");

        Assert.DoesNotContain("managedFields", hidden.Output, StringComparison.Ordinal);
        Assert.Contains("f:color: {}", shown.Output, StringComparison.Ordinal);
    }

    private static string ConfigMap(string name, string color) =>
        $"apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: {name}\ndata:\n  color: \"{color}\"\n";

    private async Task ApplyAsync(string manifest, params string[] more)
    {
        var result = await rig.KubectlAsync(manifest, ["apply", .. more, "-f", "-"]);
        Assert.True(result.ExitCode == 0, result.Errors);
    }

    private async Task<string> GetAsync(string name, string format)
    {
        var result = await rig.KubectlAsync(null, "get", "configmap", name, "--show-managed-fields", "-o", format);
        Assert.True(result.ExitCode == 0, result.Errors);
        return result.Output.Trim();
    }
}

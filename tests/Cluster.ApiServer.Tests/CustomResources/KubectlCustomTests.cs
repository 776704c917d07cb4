using Cluster.ApiServer.Tests.Hosting;
using Cluster.Testing;

namespace Cluster.ApiServer.Tests.CustomResources;

/// <summary>A kind that a definition adds, as stock kubectls see it.</summary>
public sealed class KubectlCustomTests(ApiServerRig rig) : IClassFixture<ApiServerRig>
{
    [Fact]
    public async Task Kubectl_AppliesExplainsShowsScalesAndDeletes()
    {
        Assert.SkipUnless(KubectlProgram.CanRun, KubectlProgram.WhyNot);
        await LiveAsync(KubectlProgram.Path, "new");
    }

    [Fact]
    public async Task OlderKubectl_AppliesExplainsShowsScalesAndDeletes()
    {
        Assert.SkipWhen(KubectlProgram.Older is null, "there is no kubectl 1.20 beside the other");
        await LiveAsync(KubectlProgram.Older!, "old");
    }

    private async Task LiveAsync(string program, string word)
    {
        var group = $"{word}.example.com";
        await RunAsync(program, Definition(group), "apply", "-f", "-");
        Assert.Contains("condition met", await RunAsync(program, null, "wait", "--for=condition=Established", $"crd/crontabs.{group}", "--timeout=30s"), StringComparison.Ordinal);

        var manifest = $"apiVersion: {group}/v1\nkind: CronTab\nmetadata:\n  name: my-cron\nspec:\n  cronSpec: \"* * * * */5\"\n  image: my-image\n";
        Assert.Contains("my-cron created", await RunAsync(program, manifest, "apply", "-f", "-"), StringComparison.Ordinal);
        Assert.Contains("my-cron configured", await RunAsync(program, manifest.Replace("my-image", "other", StringComparison.Ordinal), "apply", "-f", "-"), StringComparison.Ordinal);
        var table = await RunAsync(program, null, "get", $"crontabs.{group}");
        Assert.Matches(@"(?m)^NAME\s+SPEC\s+REPLICAS\s+AGE\s*$", table);
        Assert.Matches(@"(?m)^my-cron\s+\* \* \* \* \*/5\s+1\s+\d+s\s*$", table);
        Assert.Contains("my-cron", await RunAsync(program, null, "get", $"ct.{group}"), StringComparison.Ordinal);
        Assert.Contains($"crontab.{group}/my-cron", await RunAsync(program, null, "get", "all", "-o", "name"), StringComparison.Ordinal);
        Assert.Contains("Cron expression of the job", await RunAsync(program, null, "explain", $"crontab.spec.cronSpec", "--api-version", $"{group}/v1"), StringComparison.Ordinal);
        Assert.Contains("scaled", await RunAsync(program, null, "scale", "--replicas=3", $"crontab.{group}/my-cron"), StringComparison.Ordinal);
        Assert.Equal("3", await RunAsync(program, null, "get", $"crontab.{group}", "my-cron", "-o", "jsonpath={.spec.replicas}"));
        await RunAsync(program, null, "patch", $"crontab.{group}", "my-cron", "--type=merge", "-p", """{"spec":{"image":"patched"}}""");
        Assert.Equal("patched", await RunAsync(program, null, "get", $"crontab.{group}", "my-cron", "-o", "jsonpath={.spec.image}"));

        var refused = await rig.KubectlAsync(manifest.Replace("* * * * */5", "often", StringComparison.Ordinal), program, ["apply", "-f", "-"]);
        Assert.Equal(1, refused.ExitCode);
        Assert.Contains("spec.cronSpec: Invalid value: \"often\": spec.cronSpec in body should match", refused.Errors, StringComparison.Ordinal);
        await RunAsync(program, null, "delete", "crd", $"crontabs.{group}");
        Assert.NotEqual(0, (await rig.KubectlAsync(null, program, ["get", $"crontabs.{group}"])).ExitCode);
    }

    private async Task<string> RunAsync(string program, string? input, params string[] arguments)
    {
        var result = await rig.KubectlAsync(input, program, arguments);
        Assert.True(result.ExitCode == 0, $"kubectl {string.Join(' ', arguments)}: {result.Output}{result.Errors}");
        return result.Output;
    }

    private static string Definition(string group) => $$"""
        apiVersion: apiextensions.k8s.io/v1
        kind: CustomResourceDefinition
        metadata: {name: crontabs.{{group}}}
        spec:
          group: {{group}}
          scope: Namespaced
          names: {plural: crontabs, singular: crontab, kind: CronTab, shortNames: [ct], categories: [all]}
          versions:
          - name: v1
            served: true
            storage: true
            schema:
              openAPIV3Schema:
                type: object
                properties:
                  spec:
                    type: object
                    properties:
                      cronSpec: {type: string, description: Cron expression of the job, pattern: '^(\d+|\*)(/\d+)?(\s+(\d+|\*)(/\d+)?){4}$'}
                      image: {type: string}
                      replicas: {type: integer, minimum: 1, maximum: 10, default: 1}
                  status:
                    type: object
                    properties: {replicas: {type: integer}, labelSelector: {type: string} }
            subresources:
              status: {}
              scale: {specReplicasPath: .spec.replicas, statusReplicasPath: .status.replicas, labelSelectorPath: .status.labelSelector}
            additionalPrinterColumns:
            - {name: Spec, type: string, jsonPath: .spec.cronSpec}
            - {name: Replicas, type: integer, jsonPath: .spec.replicas}
            - {name: Age, type: date, jsonPath: .metadata.creationTimestamp}
        """;
}

using System.Text.Json.Nodes;
using Cluster.Api.ApiExtensionsV1;
using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Api.Custom;
using Cluster.Api.Json;
using Cluster.Api.Yaml;
using Cluster.Client;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using StaticSite;

namespace Cluster.Controllers.Tests.Server;

/// <summary>The example of an added kind with a controller of its own, on the real server with the cluster's controllers.</summary>
public sealed class StaticSiteTests(ServerRig rig) : IClassFixture<ServerRig>
{
    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Site_IsServedScaledAndTakenAway()
    {
        await rig.Admin.CreateAsync(JsonCodec.Decode<CustomResourceDefinition>(YamlCodec.ToJson(Example("definition.yaml"))[0]), Cancel);
        using var stop = new CancellationTokenSource();
        var running = new SiteController(rig.Admin, NullLogger.Instance, TimeProvider.System).RunAsync(stop.Token);
        CustomResourceDefinition? definition = null;
        await Eventually.True(async () => CustomKinds.IsEstablished(
            definition = await rig.Admin.GetAsync<CustomResourceDefinition>(null, "staticsites.example.com", Cancel)));
        var sites = ((ICustomKinds)rig.Admin).ForKind(CustomKinds.Of(definition!)[0]);
        var site = CustomJson.Read(YamlCodec.ToJson(Example("site.yaml"))[0]);
        site.Metadata.Namespace = "default";
        await sites.CreateAsync(site, Cancel);

        await Eventually.True(async () => (await StatusAsync(sites))?["ready"]?.ToString() == "2");
        Assert.Contains("Hello", (await rig.Admin.GetAsync<ConfigMap>("default", "hello", Cancel)).Data["index.html"], StringComparison.Ordinal);
        await sites.PatchAsync<CustomObject>("default", "hello", PatchBody.Merge("""{"spec":{"replicas":3}}"""), null, Cancel);
        await Eventually.True(async () => (await StatusAsync(sites)) is { } status && status["ready"]?.ToString() == "3" && status["observedGeneration"]?.ToString() == "2");

        await sites.DeleteAsync<CustomObject>("default", "hello", null, Cancel);
        await Eventually.True(async () => (await rig.Admin.ListAsync<Deployment>("default", ListQuery.All, Cancel)).Items.All(one => one.Metadata.Name != "hello")
            && (await rig.Admin.ListAsync<ConfigMap>("default", ListQuery.All, Cancel)).Items.All(one => one.Metadata.Name != "hello"));
        await stop.CancelAsync();
        await running;
    }

    private static async Task<JsonNode?> StatusAsync(IApiClient sites) =>
        CustomJson.Content(await sites.GetAsync<CustomObject>("default", "hello", Cancel))["status"];

    private static string Example(string file)
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "Cluster.Perf.sln")))
            folder = Path.GetDirectoryName(folder)!;
        return File.ReadAllText(Path.Combine(folder, "examples/static-site", file));
    }
}

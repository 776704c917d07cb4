using System.Net;
using System.Text.Json.Nodes;
using Cluster.ApiServer.Tests.Rest;
using Cluster.Testing;

namespace Cluster.ApiServer.Tests.CustomResources;

/// <summary>The REST endpoints with definitions of added kinds. Each test takes a group of its own.</summary>
public sealed class CustomRig : IAsyncLifetime
{
    public const string Definitions = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions";

    private int _groups;

    public RestRig Rest { get; private set; } = null!;

    public async ValueTask InitializeAsync() => Rest = await RestRig.StartAsync();

    public ValueTask DisposeAsync() => Rest.DisposeAsync();

    /// <summary>A group that no other test uses.</summary>
    public string NewGroup() => $"g{Interlocked.Increment(ref _groups)}.example.com";

    /// <summary>A definition of widgets with one version, v1.</summary>
    /// <param name="group">Its group.</param>
    /// <param name="schema">The schema of the spec.</param>
    /// <param name="more">Members of the version besides name, served, storage and schema.</param>
    public static JsonObject Definition(string group, string schema, string more = "{}")
    {
        var version = new JsonObject
        {
            ["name"] = "v1",
            ["served"] = true,
            ["storage"] = true,
            ["schema"] = new JsonObject
            {
                ["openAPIV3Schema"] = new JsonObject
                {
                    ["type"] = "object",
                    ["properties"] = new JsonObject { ["spec"] = JsonNode.Parse(schema), ["status"] = JsonNode.Parse("""{"type":"object","x-kubernetes-preserve-unknown-fields":true}""") },
                },
            },
        };
        foreach (var (name, value) in JsonNode.Parse(more)!.AsObject())
            version[name] = value?.DeepClone();
        return new JsonObject
        {
            ["apiVersion"] = "apiextensions.k8s.io/v1",
            ["kind"] = "CustomResourceDefinition",
            ["metadata"] = new JsonObject { ["name"] = $"widgets.{group}" },
            ["spec"] = new JsonObject
            {
                ["group"] = group,
                ["scope"] = "Namespaced",
                ["names"] = new JsonObject { ["plural"] = "widgets", ["kind"] = "Widget", ["shortNames"] = new JsonArray("wd"), ["categories"] = new JsonArray("all") },
                ["versions"] = new JsonArray(version),
            },
        };
    }

    public static string Path(string group, string version = "v1") => $"/apis/{group}/{version}/namespaces/default/widgets";

    /// <summary>Creates a definition and waits until it is served.</summary>
    public async Task DefineAsync(JsonObject definition)
    {
        var (code, body) = await Rest.PostAsync(Definitions, definition.ToJsonString());
        Assert.True(code == HttpStatusCode.Created, body.ToJsonString());
        await EstablishedAsync(definition["metadata"]!["name"]!.ToString());
    }

    public Task EstablishedAsync(string name) => Eventually.True(async () =>
        Condition((await Rest.GetAsync($"{Definitions}/{name}")).Body, "Established")?["status"]?.ToString() == "True");

    public static JsonNode? Condition(JsonNode definition, string type) =>
        (definition["status"]?["conditions"] as JsonArray)?.FirstOrDefault(condition => condition!["type"]!.ToString() == type);

    /// <summary>Defines widgets with a schema of their spec; the path of their collection.</summary>
    public async Task<(string Group, string Path)> WidgetsAsync(string schema, string more = "{}")
    {
        var group = NewGroup();
        await DefineAsync(Definition(group, schema, more));
        return (group, Path(group));
    }

    public static string Widget(string group, string name, string spec, string version = "v1") =>
        $$"""{"apiVersion":"{{group}}/{{version}}","kind":"Widget","metadata":{"name":"{{name}}"},"spec":{{spec}}}""";

    public Task<(HttpStatusCode Code, JsonNode Body)> CreateAsync(string group, string name, string spec, string query = "") =>
        Rest.PostAsync(Path(group) + query, Widget(group, name, spec));

    /// <summary>Merges into an object.</summary>
    public Task<(HttpStatusCode Code, JsonNode Body)> PatchAsync(string path, string patch) =>
        Rest.SendAsync(HttpMethod.Patch, path, patch, "application/merge-patch+json");
}

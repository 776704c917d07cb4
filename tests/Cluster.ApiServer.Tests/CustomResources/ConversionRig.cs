using System.Net;
using System.Text.Json.Nodes;
using Cluster.ApiServer.Tests.Admission;

namespace Cluster.ApiServer.Tests.CustomResources;

/// <summary>Widgets whose v1 has an address as one text and whose v2 has its two parts, with a webhook over HTTPS between them.</summary>
internal sealed class ConversionRig(CustomRig rig, WebhookServer hook, string group)
{
    private const string V1 = """{"type":"object","properties":{"address":{"type":"string"}}}""";
    private const string V2 = """{"type":"object","properties":{"host":{"type":"string"},"port":{"type":"string"},"replicas":{"type":"integer"}}}""";

    public string Group => group;

    public string Definition => $"{CustomRig.Definitions}/widgets.{group}";

    /// <summary>Where the webhook stands, and what the questions to it are found by.</summary>
    public string HookPath => "/" + group;

    public IEnumerable<JsonNode> Questions => hook.Asked.Where(asked => asked.Path == HookPath).Select(asked => asked.Request);

    /// <summary>Defines the kind and lets the webhook convert; v1 is stored.</summary>
    /// <param name="rig">The server.</param>
    /// <param name="hook">The webhook.</param>
    /// <param name="reviewVersions">The versions of reviews the definition names.</param>
    public static async Task<ConversionRig> StartAsync(CustomRig rig, WebhookServer hook, params string[] reviewVersions)
    {
        var conversion = new ConversionRig(rig, hook, rig.NewGroup());
        conversion.Answer(Convert);
        await rig.DefineAsync(DefinitionOf(conversion.Group, hook, reviewVersions));
        return conversion;
    }

    /// <summary>The definition, whose webhook stands at the path that is named as the group.</summary>
    public static JsonObject DefinitionOf(string group, WebhookServer hook, params string[] reviewVersions)
    {
        var definition = CustomRig.Definition(group, V1, """{"subresources":{"status":{}}}""");
        var versions = definition["spec"]!["versions"]!.AsArray();
        versions.Add(CustomRig.Definition(group, V2, """
            {"name":"v2","storage":false,"subresources":{"status":{},"scale":{"specReplicasPath":".spec.replicas","statusReplicasPath":".status.replicas"}},
             "selectableFields":[{"jsonPath":".spec.host"}]}
            """)["spec"]!["versions"]![0]!.DeepClone());
        definition["spec"]!["conversion"] = new JsonObject
        {
            ["strategy"] = "Webhook",
            ["webhook"] = new JsonObject
            {
                ["clientConfig"] = new JsonObject { ["url"] = new Uri(hook.Url, "/" + group).ToString(), ["caBundle"] = hook.CaBundle },
                ["conversionReviewVersions"] = new JsonArray([.. (reviewVersions.Length > 0 ? reviewVersions : ["v1"]).Select(version => (JsonNode)version)]),
            },
        };
        return definition;
    }

    public string Path(string version) => CustomRig.Path(group, version);

    public Task<(HttpStatusCode Code, JsonNode Body)> CreateAsync(string version, string name, string spec, string metadata = "") => rig.Rest.PostAsync(
        Path(version), $$"""{"apiVersion":"{{group}}/{{version}}","kind":"Widget","metadata":{"name":"{{name}}"{{metadata}}},"spec":{{spec}}}""");

    /// <summary>What the webhook makes of one object.</summary>
    public void Answer(Action<JsonObject, string> convert) => hook.On(HookPath, request => Converted(request, convert));

    /// <summary>The answer to a question: each object as a function makes it.</summary>
    public static JsonObject Converted(JsonNode request, Action<JsonObject, string> convert)
    {
        var objects = request["objects"]!.AsArray().Select(one => one!.DeepClone().AsObject()).ToList();
        var desired = request["desiredAPIVersion"]!.ToString();
        objects.ForEach(one => convert(one, desired));
        return new JsonObject { ["result"] = new JsonObject { ["status"] = "Success" }, ["convertedObjects"] = new JsonArray([.. objects]) };
    }

    /// <summary>What the webhook answers instead.</summary>
    public void AnswerWith(Func<JsonNode, JsonObject> answer) => hook.On(HookPath, answer);

    /// <summary>The honest way.</summary>
    public static void Convert(JsonObject obj, string desired)
    {
        obj["apiVersion"] = desired;
        if (obj["spec"] is not JsonObject spec)
            return;
        if (desired.EndsWith("/v2", StringComparison.Ordinal) && spec.Remove("address", out var address))
        {
            var parts = address!.ToString().Split(':');
            (spec["host"], spec["port"]) = (parts[0], parts[1]);
        }
        else if (desired.EndsWith("/v1", StringComparison.Ordinal) && spec.Remove("host", out var host) && spec.Remove("port", out var port))
        {
            spec["address"] = $"{host}:{port}";
        }
    }

    /// <summary>Which version is stored from now on.</summary>
    public async Task StoreAsync(string version)
    {
        var (_, definition) = await rig.Rest.GetAsync(Definition);
        foreach (var one in definition["spec"]!["versions"]!.AsArray())
            one!["storage"] = one["name"]!.ToString() == version;
        var (code, body) = await rig.Rest.SendAsync(HttpMethod.Put, Definition, definition.ToJsonString());
        Assert.True(code == HttpStatusCode.OK, body.ToJsonString());
        await Cluster.Testing.Eventually.True(() => rig.Rest.Core.Registry.Resources.Find(group, version, "widgets") is { StoredVersion: null });
    }

    /// <summary>What the store holds of an object.</summary>
    public async Task<JsonNode> StoredAsync(string name) =>
        JsonNode.Parse((await rig.Rest.Core.Store.GetAsync($"/registry/{group}/widgets/default/{name}", default))!.Value.Span)!;
}

using System.Text.Json.Nodes;
using Cluster.ApiServer.Tests.Hosting;

namespace Cluster.ApiServer.Tests.Discovery;

/// <summary>Every resource and subresource of Kubernetes' stable groups is served, and as clients know it: nothing else, and no more verbs.</summary>
/// <remarks>
/// resources.json has a line a resource, as an APIResourceList has it, and the group version that it is <c>in</c>. It tells of the groups that
/// are stable in 1.32, but for what this server leaves out: flow control, dynamic resource allocation and admission policies.
/// </remarks>
public sealed class ServedResourcesTests(ApiServerRig rig) : IClassFixture<ApiServerRig>
{
    private const string Aggregated = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";

    private static readonly JsonArray Resources =
        JsonNode.Parse(File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Discovery", "resources.json")))!.AsArray();

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    public static TheoryData<string> Versions => [.. Resources.Select(resource => resource!["in"]!.ToString()).Distinct()];

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Version_Plain_ListsItsResourcesAndNoOthers(string version)
    {
        var list = JsonNode.Parse(await rig.Admin.GetStringAsync(version == "v1" ? "/api/v1" : $"/apis/{version}", Cancel))!;

        Assert.Equal(("APIResourceList", version), (list["kind"]!.ToString(), list["groupVersion"]!.ToString()));
        Assert.Equal(In(version).Select(Text).Order(StringComparer.Ordinal), list["resources"]!.AsArray().Select(Text).Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Version_Aggregated_ListsTheSame(string version)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, version == "v1" ? "/api" : "/apis");
        request.Headers.TryAddWithoutValidation("Accept", Aggregated);
        using var response = await rig.Admin.SendAsync(request, Cancel);
        var groups = JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancel))!["items"]!.AsArray();
        var (group, name) = Split(version);
        var versions = groups.Single(item => (item!["metadata"]!["name"]?.ToString() ?? "") == group)!["versions"]!.AsArray();
        var served = versions.Single(item => item!["version"]!.ToString() == name)!["resources"]!.AsArray();

        Assert.Equal(
            In(version).Select(resource => Parts(resource, version)).Order(StringComparer.Ordinal),
            served.SelectMany(resource => Parts(resource!)).Order(StringComparer.Ordinal));
    }

    private static IEnumerable<JsonNode> In(string version) => Resources.Where(resource => resource!["in"]!.ToString() == version)!;

    private static (string Group, string Version) Split(string version) =>
        version.Split('/') is [var group, var name] ? (group, name) : ("", version);

    /// <summary>All that an entry tells, in one order; verbs are a set.</summary>
    private static string Text(JsonNode? resource)
    {
        var told = resource!.AsObject().Where(member => member.Key is not ("in" or "verbs")).OrderBy(member => member.Key, StringComparer.Ordinal);
        return string.Join(' ', told.Select(member => $"{member.Key}={member.Value!.ToJsonString()}")) + " verbs=" + Verbs(resource);
    }

    /// <summary>What the aggregated form tells of it too.</summary>
    private static string Parts(JsonNode resource, string version)
    {
        var (group, name) = Split(version);
        var isPart = resource["name"]!.ToString().Contains('/', StringComparison.Ordinal);
        return Line(
            resource["name"]!.ToString(), resource["group"]?.ToString() ?? group, resource["version"]?.ToString() ?? name, resource["kind"]!.ToString(), Verbs(resource),
            isPart ? "" : (bool)resource["namespaced"]! ? "Namespaced" : "Cluster", isPart ? null : resource["singularName"], resource["shortNames"], resource["categories"]);
    }

    private static IEnumerable<string> Parts(JsonNode resource)
    {
        var (name, kind) = (resource["resource"]!.ToString(), resource["responseKind"]!);
        yield return Line(
            name, Of(kind, "group"), Of(kind, "version"), Of(kind, "kind"), Verbs(resource), Of(resource, "scope"),
            resource["singularResource"], resource["shortNames"], resource["categories"]);
        foreach (var part in resource["subresources"]?.AsArray() ?? [])
        {
            var body = part!["responseKind"]!;
            yield return Line($"{name}/{part["subresource"]}", Of(body, "group"), Of(body, "version"), Of(body, "kind"), Verbs(part), "", null, null, null);
        }
    }

    private static string Line(
        string name, string group, string version, string kind, string verbs, string scope, JsonNode? singular, JsonNode? shortNames, JsonNode? categories) =>
        $"{name} {group}/{version} {kind} {verbs} {scope} {singular} {shortNames?.ToJsonString()} {categories?.ToJsonString()}";

    private static string Of(JsonNode node, string name) => node[name]?.ToString() ?? "";

    private static string Verbs(JsonNode resource) => string.Join(',', resource["verbs"]!.AsArray().Select(verb => verb!.ToString()).Order(StringComparer.Ordinal));
}

using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Cluster.ApiServer.Auditing;
using Cluster.ApiServer.Tests.Hosting;
using Cluster.Testing;

namespace Cluster.ApiServer.Tests.Admission.PodSecurity;

/// <summary>What a client of a whole server sees of pod security, and its audit log.</summary>
[System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
public sealed class PodSecurityServerTests(ApiServerRig rig) : IClassFixture<ApiServerRig>
{
    private const string Open = """{"hostNetwork": true, "containers": [{"name": "a", "image": "web"}]}""";
    private const string Would = "would violate PodSecurity \"baseline:latest\": host namespaces (hostNetwork=true)";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Writes_InANamespaceWithLabels_AreRefusedWarnedAndLogged()
    {
        using var folder = new TempDirectory();
        var path = folder.File("audit.log");
        await using (var server = await rig.StartAsync(FreePort.Tcp(), new AuditLogOptions(path)))
        {
            using var client = new HttpClient(rig.Handler("admin")) { BaseAddress = server.Url };
            await SendAsync(client, HttpMethod.Post, "/api/v1/namespaces", """{"metadata": {"name": "guarded"}}""", 201);
            await SendAsync(client, HttpMethod.Post, "/api/v1/namespaces/guarded/serviceaccounts", """{"metadata": {"name": "default"}}""", 201);
            await SendAsync(client, HttpMethod.Post, "/api/v1/namespaces/guarded/pods", $$"""{"metadata": {"name": "old"}, "spec": {{Open}} }""", 201);
            Assert.Equal(
                ["existing pods in namespace \"guarded\" violate the new PodSecurity enforce level \"baseline:latest\"", "old: host namespaces"],
                await SendAsync(
                    client, HttpMethod.Patch, "/api/v1/namespaces/guarded",
                    """{"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "baseline", "pod-security.kubernetes.io/audit": "baseline"}}}""", 200));

            var template = $$"""{"replicas": 0, "selector": {"matchLabels": {"a": "b"} }, "template": {"metadata": {"labels": {"a": "b"} }, "spec": {{Open}} } }""";
            Assert.Equal([Would], await SendAsync(client, HttpMethod.Post, "/apis/apps/v1/namespaces/guarded/deployments", $$"""{"metadata": {"name": "web"}, "spec": {{template}} }""", 201));
            Assert.Equal(
                ["pods \"new\" is forbidden: violates PodSecurity \"baseline:latest\": host namespaces (hostNetwork=true)"],
                await SendAsync(client, HttpMethod.Post, "/api/v1/namespaces/guarded/pods", $$"""{"metadata": {"name": "new"}, "spec": {{Open}} }""", 403));
            Assert.Empty(await SendAsync(client, HttpMethod.Patch, "/api/v1/namespaces/guarded/pods/old", """{"metadata": {"labels": {"a": "b"}}}""", 200));
        }

        var events = (await File.ReadAllLinesAsync(path, Cancel)).Select(line => JsonNode.Parse(line)!).Where(one => (string?)one["verb"] == "create").ToList();
        Assert.Equal(Would, Annotation(events, "deployments", "pod-security.kubernetes.io/audit-violations", 201));
        Assert.Equal("baseline:latest", Annotation(events, "pods", "pod-security.kubernetes.io/enforce-policy", 403));
        Assert.Equal("privileged:latest", Annotation(events, "pods", "pod-security.kubernetes.io/enforce-policy", 201));
    }

    private static string? Annotation(IEnumerable<JsonNode> events, string resource, string key, int code) => (string?)events.Single(
        one => (string?)one["objectRef"]?["resource"] == resource && (string?)one["objectRef"]?["namespace"] == "guarded" && (int?)one["responseStatus"]?["code"] == code)["annotations"]![key];

    // The warnings, or why it failed.
    private static async Task<IReadOnlyList<string>> SendAsync(HttpClient client, HttpMethod method, string path, string body, int code)
    {
        using var request = new HttpRequestMessage(method, path) { Version = HttpVersion.Version20 };
        request.Content = new StringContent(body, Encoding.UTF8, method == HttpMethod.Patch ? "application/merge-patch+json" : "application/json");
        using var response = await client.SendAsync(request, Cancel);
        var text = await response.Content.ReadAsStringAsync(Cancel);
        Assert.True(code == (int)response.StatusCode, text);
        return response.IsSuccessStatusCode
            ? [.. response.Headers.Warning.Select(one => one.Text[1..^1].Replace("\\\"", "\"", StringComparison.Ordinal))] : [(string)JsonNode.Parse(text)!["message"]!];
    }
}

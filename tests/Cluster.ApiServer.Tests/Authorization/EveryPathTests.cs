using System.Net;
using System.Net.Http.Headers;
using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.Api.ResourceV1;
using Cluster.ApiServer.Tests.Hosting;

namespace Cluster.ApiServer.Tests.Authorization;

/// <summary>Every path and every call of the server, asked by those who may not: the answer is 401 or 403 and tells nothing else.</summary>
public sealed class EveryPathTests(ApiServerRig rig) : IClassFixture<ApiServerRig>
{
    private static readonly string[] Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

    /// <summary>What Kubernetes' role system:public-info-viewer opens to everyone.</summary>
    private static readonly HashSet<string> Public = ["/healthz", "/livez", "/readyz", "/version", "/version/"];

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    /// <summary>Some path for every pattern that is routed, every resource with its parts, and ways around them.</summary>
    private IEnumerable<string> Paths =>
        rig.Server.Routes.Select(Fill).Concat(ResourceCatalog.All.SelectMany(PathsOf)).Concat(
        [
            "/", "/api", "/apis", "/api/v1", "/apis/apps", "/apis/apps/v1", "/openapi/v2", "/openapi/v3", "/metrics", "/METRICS", "/metrics/",
            "/API/v1/secrets", "/api/v1/watch/secrets", "/api/v1//secrets", "//api/v1/secrets", "/api/v1/secrets/", "/api/v1/%73ecrets", "/healthz/etcd", "/livez/ping", "/readyz/etcd",
            "/nowhere", "/api/v1/nonsense", "/apis/nonsense/v1/things", "/.well-known/openid-configuration", "/openid/v1/jwks", "/debug/pprof", "/logs",
        ]).Where(path => !Public.Contains(path)).Distinct();

    private static IEnumerable<string> Calls =>
        new[] { Resources.Descriptor, global::Grpc.Health.V1.Health.Descriptor, global::Grpc.Reflection.V1Alpha.ServerReflection.Descriptor }.SelectMany(service => service.Methods)
            .Select(method => $"/{method.Service.FullName}/{method.Name}").Append("/cluster.v1.Resources/Nonsense").Append("/nonsense.Service/Call")
            .Append("/Cluster.V1.Resources/List");

    [Fact]
    public async Task Rest_WithoutCredentials_IsForbiddenOnEveryPath() =>
        await WalkAsync(rig.Anonymous, HttpStatusCode.Forbidden, "Forbidden", body => Assert.StartsWith("User \"system:anonymous\" cannot ", Cannot(body), StringComparison.Ordinal));

    [Fact]
    public async Task Rest_WithAWrongToken_IsUnauthorizedOnEveryPath()
    {
        using var client = rig.Client(null, "wrong");
        await WalkAsync(client, HttpStatusCode.Unauthorized, "Unauthorized", body => Assert.Equal("Unauthorized", (string?)body["message"]));
        using var health = await client.GetAsync("/healthz", Cancel);
        Assert.Equal(HttpStatusCode.Unauthorized, health.StatusCode);
    }

    [Fact]
    public async Task Rest_OfAUserWithoutRights_IsForbiddenOnEveryPath()
    {
        using var client = rig.Client(null, ApiServerRig.NobodysToken);
        var open = new HashSet<string> { "/api", "/apis", "/openapi" };
        foreach (var path in Paths.Where(path => !open.Any(root => path == root || path.StartsWith(root + "/", StringComparison.Ordinal))))
            await RefusedAsync(client, "GET", path, HttpStatusCode.Forbidden, "Forbidden", _ => { });
        foreach (var path in ResourceCatalog.All.Where(type => !IsForEveryone(type)).SelectMany(PathsOf))
        {
            foreach (var method in Methods)
                await RefusedAsync(client, method, path, HttpStatusCode.Forbidden, "Forbidden", _ => { });
        }
    }

    [Theory]
    [InlineData("application/grpc")]
    [InlineData("application/grpc-web")]
    [InlineData("application/grpc+proto")]
    public async Task Rest_CalledAsGrpc_IsForbiddenAllTheSame(string contentType)
    {
        foreach (var path in (string[])["/api/v1/secrets", "/api/v1/namespaces/kube-system/configmaps", "/metrics", "/openapi/v2", "/apis"])
        {
            using var request = new HttpRequestMessage(HttpMethod.Get, path) { Version = HttpVersion.Version20, Content = new ByteArrayContent([]) };
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
            using var response = await rig.Anonymous.SendAsync(request, Cancel);

            Assert.Equal("7", Grpc(response, "grpc-status"));
            Assert.Empty(await response.Content.ReadAsByteArrayAsync(Cancel));
        }
    }

    [Fact]
    public async Task Grpc_WithoutCredentials_IsDeniedOnEveryCall()
    {
        foreach (var call in Calls.Where(call => !call.StartsWith("/grpc.health.", StringComparison.Ordinal)))
            await DeniedAsync(rig.Anonymous, call, "7", "User \"system:anonymous\" cannot ");
    }

    [Fact]
    public async Task Grpc_WithAWrongToken_IsUnauthenticatedOnEveryCall()
    {
        using var client = rig.Client(null, "wrong");
        foreach (var call in Calls)
            await DeniedAsync(client, call, "16", "Unauthorized");
    }

    [Fact]
    public async Task Grpc_OfAUserWithoutRights_IsDeniedOnEveryCall()
    {
        using var client = rig.Client(null, ApiServerRig.NobodysToken);
        foreach (var call in Calls.Where(call => !call.StartsWith("/grpc.", StringComparison.Ordinal)))
            await DeniedAsync(client, call, "7", "User \"nobody\" cannot ");
    }

    [Fact]
    public async Task Answers_AreTheSameWhetherTheObjectIsThereOrNot()
    {
        using var client = rig.Client(null, ApiServerRig.NobodysToken);
        using var there = await client.GetAsync("/api/v1/namespaces/default/serviceaccounts/default", Cancel);
        using var missing = await client.GetAsync("/api/v1/namespaces/default/serviceaccounts/missing", Cancel);

        var text = await there.Content.ReadAsStringAsync(Cancel);
        Assert.Equal(there.StatusCode, missing.StatusCode);
        Assert.Equal(text.Replace("\"default\\\" is", "\"missing\\\" is", StringComparison.Ordinal).Replace("\"name\":\"default\"", "\"name\":\"missing\"", StringComparison.Ordinal), await missing.Content.ReadAsStringAsync(Cancel));
    }

    private Uri At(string path) => new(rig.Url.GetLeftPart(UriPartial.Authority) + path);

    private async Task WalkAsync(HttpClient client, HttpStatusCode code, string reason, Action<JsonNode> check)
    {
        foreach (var path in Paths)
        {
            foreach (var method in Methods)
                await RefusedAsync(client, method, path, code, reason, check);
        }
    }

    private async Task RefusedAsync(HttpClient client, string method, string path, HttpStatusCode code, string reason, Action<JsonNode> check)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), At(path)) { Version = HttpVersion.Version20 };
        using var response = await client.SendAsync(request, Cancel);
        Assert.True(response.StatusCode == code, $"{method} {path}: {response.StatusCode}");
        if (method == "HEAD")
            return;
        var body = JsonNode.Parse(await response.Content.ReadAsStringAsync(Cancel))!;
        Assert.Equal(("Failure", reason), ((string?)body["status"], (string?)body["reason"]));
        check(body);
    }

    // What follows the name of the resource is all that is said.
    private static string Cannot(JsonNode body)
    {
        var message = (string)body["message"]!;
        return message[(message.IndexOf("forbidden: ", StringComparison.Ordinal) + "forbidden: ".Length)..];
    }

    private static async Task DeniedAsync(HttpClient client, string call, string status, string message)
    {
        // An empty message in gRPC's frame: no compression, length 0.
        using var request = new HttpRequestMessage(HttpMethod.Post, call) { Version = HttpVersion.Version20, Content = new ByteArrayContent(new byte[5]) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/grpc");
        request.Headers.TE.Add(new TransferCodingWithQualityHeaderValue("trailers"));
        using var response = await client.SendAsync(request, Cancel);
        var body = await response.Content.ReadAsByteArrayAsync(Cancel);

        Assert.True(Grpc(response, "grpc-status") == status, $"{call}: {Grpc(response, "grpc-status")} {Grpc(response, "grpc-message")}");
        Assert.Contains(message, Uri.UnescapeDataString(Grpc(response, "grpc-message") ?? ""), StringComparison.Ordinal);
        Assert.Empty(body);
    }

    private static string? Grpc(HttpResponseMessage response, string name) =>
        response.Headers.TryGetValues(name, out var values) || response.TrailingHeaders.TryGetValues(name, out values) ? values.First() : null;

    private static bool IsForEveryone(ResourceType type) => type.Plural.StartsWith("selfsubject", StringComparison.Ordinal);

    private static IEnumerable<string> PathsOf(ResourceType type)
    {
        var root = type.Group.Length == 0 ? $"/api/{type.Version}" : $"/apis/{type.Group}/{type.Version}";
        if (type.Namespaced)
            yield return $"{root}/{type.Plural}";
        var collection = type.Namespaced ? $"{root}/namespaces/default/{type.Plural}" : $"{root}/{type.Plural}";
        yield return collection;
        yield return $"{collection}/default";
        foreach (var part in type.Subresources)
            yield return $"{collection}/default/{part.Name}";
    }

    private static string Fill(string pattern)
    {
        var path = System.Text.RegularExpressions.Regex.Replace(pattern, "\\{\\*{0,2}[^}]*\\}", "x");
        return path.StartsWith('/') ? path : "/" + path;
    }
}

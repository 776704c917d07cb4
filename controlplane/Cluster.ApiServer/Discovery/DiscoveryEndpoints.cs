using System.Buffers;
using System.Text.Json.Nodes;
using Cluster.Api.Json;
using Google.Protobuf;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Cluster.ApiServer.Discovery;

/// <summary><c>/api</c>, <c>/apis</c> and what lies below them up to the resources, and <c>/version</c>. All made once, at start.</summary>
internal static class DiscoveryEndpoints
{
    private const string Json = "application/json";
    private const string AggregatedV2 = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    private const string AggregatedV2Beta1 = "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";

    public static void Map(IEndpointRouteBuilder routes, string serverAddress)
    {
        MapRoot(routes, "/api", Plain(DiscoveryDocuments.Versions(serverAddress), "APIVersions"), core: true);
        MapRoot(routes, "/apis", Plain(DiscoveryDocuments.GroupList(), "APIGroupList"), core: false);
        foreach (var version in DiscoveryDocuments.CoreVersions)
            MapDocument(routes, $"/api/{version}", Plain(DiscoveryDocuments.Resources("", version), "APIResourceList"));
        foreach (var group in DiscoveryDocuments.Groups)
        {
            MapDocument(routes, $"/apis/{group.Key}", Plain(DiscoveryDocuments.Group(group), "APIGroup"));
            foreach (var version in group)
                MapDocument(routes, $"/apis/{group.Key}/{version}", Plain(DiscoveryDocuments.Resources(group.Key, version), "APIResourceList"));
        }

        MapDocument(routes, "/", new CachedDocument(JsonText.Bytes(new JsonObject { ["paths"] = Paths() }), Json));
        MapDocument(routes, "/version", new CachedDocument(JsonText.Bytes(ServerVersion.Describe()), Json));
    }

    /// <summary>Where everything begins: what a person who asks for the root wants to know.</summary>
    private static JsonArray Paths()
    {
        IEnumerable<string> paths =
        [
            "/api", "/apis", "/healthz", "/livez", "/metrics", "/openapi/v2", "/openapi/v3", "/readyz", "/version",
            .. DiscoveryDocuments.CoreVersions.Select(version => $"/api/{version}"),
            .. DiscoveryDocuments.Groups.Select(group => $"/apis/{group.Key}"),
            .. DiscoveryDocuments.Groups.SelectMany(group => group.Select(version => $"/apis/{group.Key}/{version}")),
        ];
        return [.. paths.Order(StringComparer.Ordinal).Select(path => (JsonNode)path)];
    }

    private static void MapRoot(IEndpointRouteBuilder routes, string path, CachedDocument plain, bool core)
    {
        var list = AggregatedDiscovery.List(core);
        var v2 = Document(list, "apidiscovery.k8s.io/v2", "APIGroupDiscoveryList", AggregatedV2);
        var v2Beta1 = Document(list, "apidiscovery.k8s.io/v2beta1", "APIGroupDiscoveryList", AggregatedV2Beta1);
        routes.MapMethods(path, Reading, (RequestDelegate)(context => Choose(context.Request) switch
        {
            AggregatedV2 => v2.WriteAsync(context),
            AggregatedV2Beta1 => v2Beta1.WriteAsync(context),
            _ => plain.WriteAsync(context),
        }));
    }

    private static readonly string[] Reading = [HttpMethods.Get, HttpMethods.Head];

    private static void MapDocument(IEndpointRouteBuilder routes, string path, CachedDocument document) =>
        routes.MapMethods(path, Reading, (RequestDelegate)document.WriteAsync);

    /// <summary>The first form the client lists that we have.</summary>
    private static string Choose(HttpRequest request)
    {
        foreach (var media in request.Headers.Accept.ToString().Split(',', StringSplitOptions.TrimEntries))
        {
            var parts = media.Split(';', StringSplitOptions.TrimEntries);
            if (parts[0] is not (Json or "*/*" or "application/*"))
                continue;
            if (!parts.Contains("as=APIGroupDiscoveryList"))
                return Json;
            if (parts.Contains("g=apidiscovery.k8s.io") && parts.Contains("v=v2"))
                return AggregatedV2;
            if (parts.Contains("g=apidiscovery.k8s.io") && parts.Contains("v=v2beta1"))
                return AggregatedV2Beta1;
        }

        return Json;
    }

    private static CachedDocument Plain(IMessage message, string kind) => Document(message, "v1", kind, Json);

    private static CachedDocument Document(IMessage message, string apiVersion, string kind, string contentType)
    {
        var json = new ArrayBufferWriter<byte>();
        JsonCodec.Encode(message, json, apiVersion, kind, resourceVersion: null);
        return new CachedDocument(json.WrittenSpan.ToArray(), contentType);
    }
}

using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.ApiServer.Discovery;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Cluster.ApiServer.OpenApi;

/// <summary><c>/openapi/v2</c> and <c>/openapi/v3</c>. Each document is made at its first reading and kept as bytes.</summary>
internal sealed class OpenApiEndpoints
{
    private const string Json = "application/json";

    private readonly OpenApiDocuments _documents = new(ContractComments.Read());
    private readonly ConcurrentDictionary<string, Lazy<CachedDocument>> _groupVersions = new(StringComparer.Ordinal);
    private readonly Lazy<CachedDocument> _swaggerJson;
    private readonly Lazy<CachedDocument> _swaggerProtobuf;
    private readonly Lazy<CachedDocument> _index;

    public OpenApiEndpoints()
    {
        _swaggerJson = new(() => ToJson(_documents.Swagger()));
        _swaggerProtobuf = new(() => new CachedDocument(SwaggerProtobuf.Write(_documents.Swagger()), SwaggerProtobuf.MediaType));
        _index = new(() => ToJson(Index()));
    }

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/openapi/v2", SwaggerAsync);
        routes.MapGet("/openapi/v3", context => _index.Value.WriteAsync(context));
        foreach (var groupVersion in OpenApiDocuments.GroupVersions)
            routes.MapGet($"/openapi/v3/{groupVersion}", context => GroupVersionAsync(context, groupVersion));
    }

    private Task SwaggerAsync(HttpContext context)
    {
        var accept = context.Request.Headers.Accept.ToString();
        var protobuf = accept.Contains(SwaggerProtobuf.MediaType, StringComparison.Ordinal)
            || accept.Contains(SwaggerProtobuf.AskedMediaType, StringComparison.Ordinal);
        return (protobuf ? _swaggerProtobuf : _swaggerJson).Value.WriteAsync(context);
    }

    private Task GroupVersionAsync(HttpContext context, string groupVersion)
    {
        var accept = context.Request.Headers.Accept.ToString();
        if (accept.Length > 0 && !accept.Contains(Json, StringComparison.Ordinal) && !accept.Contains("*/*", StringComparison.Ordinal))
            throw StatusErrors.NotAcceptable(Json);
        // The address names the hash, so whoever has this answer never needs to ask again.
        if (context.Request.Query.ContainsKey("hash"))
            context.Response.Headers.CacheControl = "public, immutable";
        return Document(groupVersion).WriteAsync(context);
    }

    private CachedDocument Document(string groupVersion) =>
        _groupVersions.GetOrAdd(groupVersion, path => new(() => ToJson(_documents.OpenApi(path)))).Value;

    private JsonObject Index()
    {
        var paths = OpenApiDocuments.GroupVersions.Order(StringComparer.Ordinal).Select(path => KeyValuePair.Create(
            path, (JsonNode?)new JsonObject { ["serverRelativeURL"] = $"/openapi/v3/{path}?hash={Document(path).Hash}" }));
        return new JsonObject { ["paths"] = new JsonObject(paths) };
    }

    private static CachedDocument ToJson(JsonObject document) => new(JsonText.Bytes(document), Json);
}

using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.ApiServer.CustomResources;
using Cluster.ApiServer.Discovery;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Cluster.ApiServer.OpenApi;

/// <summary><c>/openapi/v2</c> and <c>/openapi/v3</c>. Each document is made at its first reading and kept as bytes until the resources change.</summary>
internal sealed class OpenApiEndpoints
{
    private const string Json = "application/json";

    private static readonly HashSet<string> BuiltIn = [.. OpenApiDocuments.GroupVersions];

    // Reading the comments is a twentieth of a start, and most servers are asked for no document for a while.
    private readonly Lazy<OpenApiDocuments> _documents = new(static () => new(ContractComments.Read()));
    private readonly ServedResources _resources;

    // What is built in does not change with the rest.
    private readonly ConcurrentDictionary<string, Lazy<CachedDocument>> _builtIn = new(StringComparer.Ordinal);
    private Made _made;

    public OpenApiEndpoints(ServedResources resources)
    {
        _resources = resources;
        _made = new Made(this, resources.Now);
    }

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet("/openapi/v2", SwaggerAsync);
        routes.MapGet("/openapi/v3", async context => await (await CurrentAsync(context)).Index.Value.WriteAsync(context));
        routes.MapGet("/openapi/v3/{**groupVersion}", GroupVersionAsync);
    }

    private async Task SwaggerAsync(HttpContext context)
    {
        var accept = context.Request.Headers.Accept.ToString();
        var protobuf = accept.Contains(SwaggerProtobuf.MediaType, StringComparison.Ordinal)
            || accept.Contains(SwaggerProtobuf.AskedMediaType, StringComparison.Ordinal);
        var made = await CurrentAsync(context);
        await (protobuf ? made.SwaggerProtobuf : made.SwaggerJson).Value.WriteAsync(context);
    }

    private async Task GroupVersionAsync(HttpContext context)
    {
        if ((await CurrentAsync(context)).Find(context.GetRouteValue("groupVersion") as string ?? "") is not { } document)
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            context.Response.ContentType = "text/plain; charset=utf-8";
            await context.Response.WriteAsync("404 page not found\n", context.RequestAborted);
            return;
        }

        var accept = context.Request.Headers.Accept.ToString();
        if (accept.Length > 0 && !accept.Contains(Json, StringComparison.Ordinal) && !accept.Contains("*/*", StringComparison.Ordinal))
            throw StatusErrors.NotAcceptable(Json);
        // The address names the hash, so whoever has this answer never needs to ask again.
        if (context.Request.Query.ContainsKey("hash"))
            context.Response.Headers.CacheControl = "public, immutable";
        await document.WriteAsync(context);
    }

    private async ValueTask<Made> CurrentAsync(HttpContext context)
    {
        var now = await _resources.SettledAsync(context.RequestAborted);
        var made = Volatile.Read(ref _made);
        if (made.Of == now)
            return made;
        // Two who ask first may both make it; what it holds is made when it is asked for.
        made = new Made(this, now);
        Volatile.Write(ref _made, made);
        return made;
    }

    private static CachedDocument ToJson(JsonObject document) => new(JsonText.Bytes(document), Json);

    /// <summary>The documents of one set of resources.</summary>
    private sealed class Made
    {
        private readonly OpenApiEndpoints _owner;
        private readonly HashSet<string> _groupVersions;
        private readonly ConcurrentDictionary<string, Lazy<CachedDocument>> _custom = new(StringComparer.Ordinal);

        public Made(OpenApiEndpoints owner, ServedResources.Snapshot of)
        {
            (_owner, Of) = (owner, of);
            _groupVersions = [.. of.All.Select(OpenApiDocuments.PathOf)];
            SwaggerJson = new(() => ToJson(owner._documents.Value.Swagger(of.All)));
            SwaggerProtobuf = new(() => new CachedDocument(OpenApi.SwaggerProtobuf.Write(owner._documents.Value.Swagger(of.All)), OpenApi.SwaggerProtobuf.MediaType));
            Index = new(() => ToJson(MakeIndex()));
        }

        public ServedResources.Snapshot Of { get; }

        public Lazy<CachedDocument> SwaggerJson { get; }

        public Lazy<CachedDocument> SwaggerProtobuf { get; }

        public Lazy<CachedDocument> Index { get; }

        public CachedDocument? Find(string groupVersion) => !_groupVersions.Contains(groupVersion) ? null
            : (BuiltIn.Contains(groupVersion) ? _owner._builtIn : _custom)
                .GetOrAdd(groupVersion, path => new(() => ToJson(_owner._documents.Value.OpenApi(Of.All, path)))).Value;

        private JsonObject MakeIndex()
        {
            var paths = _groupVersions.Order(StringComparer.Ordinal).Select(path => KeyValuePair.Create(
                path, (JsonNode?)new JsonObject { ["serverRelativeURL"] = $"/openapi/v3/{path}?hash={Find(path)!.Hash}" }));
            return new JsonObject { ["paths"] = new JsonObject(paths) };
        }
    }
}

using System.Text.Json.Nodes;
using Cluster.ApiServer.Authentication;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Cluster.ApiServer.Discovery;

/// <summary>
/// Lets others check service account tokens themselves: the issuer's metadata and keys, as OpenID Connect Discovery 1.0 and RFC 7517 lay them
/// out, at Kubernetes' paths.
/// </summary>
/// <param name="keys">The keys as they are now.</param>
/// <param name="server">Where this server is reached from outside.</param>
internal sealed class IssuerDiscovery(Func<IReadOnlyList<SigningKey>> keys, Uri server)
{
    private const string MetadataPath = "/.well-known/openid-configuration";
    private const string KeysPath = "/openid/v1/jwks";
    private const string Caching = "public, max-age=3600";

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGet(MetadataPath, (RequestDelegate)(context => WriteAsync(context, Metadata(), "application/json")));
        routes.MapGet(KeysPath, (RequestDelegate)(context => WriteAsync(context, Keys(), "application/jwk-set+json")));
    }

    private JsonObject Metadata() => new()
    {
        ["issuer"] = ServiceAccountTokens.Issuer,
        ["jwks_uri"] = new Uri(server, KeysPath).ToString(),
        ["response_types_supported"] = new JsonArray("id_token"),
        ["subject_types_supported"] = new JsonArray("public"),
        ["id_token_signing_alg_values_supported"] = new JsonArray([.. keys().Select(key => key.Algorithm).Distinct().Select(name => JsonValue.Create(name))]),
    };

    private JsonObject Keys() => new() { ["keys"] = new JsonArray([.. keys().Select(key => key.ToJsonWebKey())]) };

    private static Task WriteAsync(HttpContext context, JsonObject json, string type)
    {
        context.Response.ContentType = type;
        context.Response.Headers.CacheControl = Caching;
        return context.Response.WriteAsync(json.ToJsonString(), context.RequestAborted);
    }
}

using Cluster.ApiServer.CustomResources;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;

namespace Cluster.ApiServer.Discovery;

/// <summary><c>/api</c>, <c>/apis</c> and what lies below them up to the resources, and <c>/version</c>.</summary>
/// <remarks>The documents are made at the first question after the resources have changed, and kept until they change again.</remarks>
internal sealed class DiscoveryEndpoints
{
    private static readonly string[] Reading = [HttpMethods.Get, HttpMethods.Head];

    private readonly ServedResources _resources;
    private readonly string _serverAddress;
    private readonly CachedDocument _version = new(JsonText.Bytes(ServerVersion.Describe()), DiscoverySet.Json);
    private Made _made;

    public DiscoveryEndpoints(ServedResources resources, string serverAddress)
    {
        (_resources, _serverAddress) = (resources, serverAddress);
        _made = Make(resources.Now);
    }

    public void Map(IEndpointRouteBuilder routes)
    {
        foreach (var path in (string[])["/", "/api", "/api/{version}", "/apis", "/apis/{group}", "/apis/{group}/{version}"])
            routes.MapMethods(path, Reading, (RequestDelegate)AnswerAsync);
        routes.MapMethods("/version", Reading, (RequestDelegate)_version.WriteAsync);
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var path = context.Request.Path.Value is { Length: > 1 } given ? given.TrimEnd('/') : "/";
        var set = Current(await _resources.SettledAsync(context.RequestAborted));
        if ((set.Find(path, Choose(context.Request)) ?? set.Find(path, DiscoverySet.Json)) is { } document)
        {
            await document.WriteAsync(context);
            return;
        }

        context.Response.StatusCode = StatusCodes.Status404NotFound;
        context.Response.ContentType = "text/plain; charset=utf-8";
        await context.Response.WriteAsync("404 page not found\n", context.RequestAborted);
    }

    // Two who ask first may both make them; one result stays.
    private DiscoverySet Current(ServedResources.Snapshot now)
    {
        var made = Volatile.Read(ref _made);
        if (made.Of == now)
            return made.Set;
        made = Make(now);
        Volatile.Write(ref _made, made);
        return made.Set;
    }

    private Made Make(ServedResources.Snapshot now) => new(now, new DiscoverySet(now.All, _serverAddress));

    /// <summary>The first form the client lists that we have.</summary>
    private static string Choose(HttpRequest request)
    {
        foreach (var media in request.Headers.Accept.ToString().Split(',', StringSplitOptions.TrimEntries))
        {
            var parts = media.Split(';', StringSplitOptions.TrimEntries);
            if (parts[0] is not (DiscoverySet.Json or "*/*" or "application/*"))
                continue;
            if (!parts.Contains("as=APIGroupDiscoveryList"))
                return DiscoverySet.Json;
            if (parts.Contains("g=apidiscovery.k8s.io") && parts.Contains("v=v2"))
                return DiscoverySet.AggregatedV2;
            if (parts.Contains("g=apidiscovery.k8s.io") && parts.Contains("v=v2beta1"))
                return DiscoverySet.AggregatedV2Beta1;
        }

        return DiscoverySet.Json;
    }

    private sealed record Made(ServedResources.Snapshot Of, DiscoverySet Set);
}

using Cluster.Api;
using Cluster.ApiServer.Rest;
using Microsoft.AspNetCore.Http;

namespace Cluster.ApiServer.Hosting;

/// <summary>A request in the few words that metrics and logs use. Only served resources are named, so the words stay few.</summary>
internal readonly record struct RequestLabels(string Verb, string Group, string Resource, string Subresource, bool LongRunning)
{
    private const string GrpcContentType = "application/grpc";

    private static readonly HashSet<string> Streams = ["log", "exec", "attach", "portforward", "proxy"];

    private static readonly HashSet<string> Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

    public static bool IsGrpc(HttpRequest request) =>
        request.ContentType is { } type && type.StartsWith(GrpcContentType, StringComparison.Ordinal);

    public static RequestLabels Of(HttpRequest request, RequestPath? path)
    {
        // A gRPC call brings its own deadline, and may be a watch.
        if (IsGrpc(request))
            return new RequestLabels("GRPC", "", "", "", LongRunning: true);
        if (path is null || ResourceCatalog.Find(path.Group, path.Version, path.Resource) is not { } resource)
            return new RequestLabels(Methods.Contains(request.Method) ? request.Method : "OTHER", "", "", "", LongRunning: false);

        var verb = path.Verb(request.Method, request.Query["watch"].ToString() is "1" or "true");
        var subresource = path.Subresource is { } sub && (Streams.Contains(sub) || resource.Subresources.Any(known => known.Name == sub)) ? sub : "";
        return new RequestLabels(
            verb.ToUpperInvariant(), resource.Group, resource.Plural, subresource, verb == "watch" || Streams.Contains(subresource));
    }
}

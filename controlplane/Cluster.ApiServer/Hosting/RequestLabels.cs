using Cluster.Api;
using Cluster.ApiServer.CustomResources;
using Cluster.ApiServer.Rest;
using Microsoft.AspNetCore.Http;

namespace Cluster.ApiServer.Hosting;

/// <summary>A request in the few words that metrics and logs use. Only served resources are named, so the words stay few.</summary>
internal readonly record struct RequestLabels(string Verb, string Group, string Resource, string Subresource, bool LongRunning)
{
    private const string GrpcContentType = "application/grpc";

    /// <summary>The version of the API group; empty for what is no resource.</summary>
    public string Version { get; init; } = "";

    /// <summary>One object (<c>resource</c>), those of a namespace, or of the <c>cluster</c>; empty for what is no resource.</summary>
    public string Scope { get; init; } = "";

    /// <summary><c>All</c> for a write that only tries.</summary>
    public string DryRun { get; init; } = "";

    /// <summary>The most objects a list looks at; 0: all.</summary>
    public long Limit { get; init; }

    /// <summary>It is a watch that sends the state before the changes.</summary>
    public bool FromBeginning { get; init; }

    /// <summary>It changes nothing.</summary>
    public bool ReadsOnly => Verb is "GET" or "LIST" or "WATCH" or "HEAD" or "OPTIONS" or "GRPC Get" or "GRPC List" or "GRPC Watch";

    public bool Watches => Verb is "WATCH" or "GRPC Watch";

    /// <summary>What metrics are told by: without the numbers a client chooses.</summary>
    public RequestLabels Key => Limit == 0 && !FromBeginning ? this : this with { Limit = 0, FromBeginning = false };

    private static readonly HashSet<string> Streams = ["log", "exec", "attach", "portforward", "proxy"];

    private static readonly HashSet<string> Calls = [.. Cluster.Api.ResourceV1.Resources.Descriptor.Methods.Select(method => method.Name)];

    private static readonly HashSet<string> Methods = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];

    public static bool IsGrpc(HttpRequest request) =>
        request.ContentType is { } type && type.StartsWith(GrpcContentType, StringComparison.Ordinal);

    /// <param name="request">The request.</param>
    /// <param name="path">Its path; null: it is about no resource.</param>
    /// <param name="resources">What is served; null: what is built in.</param>
    public static RequestLabels Of(HttpRequest request, RequestPath? path, ServedResources? resources = null)
    {
        if (IsGrpc(request))
            return OfCall(request.Path.Value ?? "");
        if (path is null || (resources?.Find(path.Group, path.Version, path.Resource)
            ?? ResourceCatalog.Find(path.Group, path.Version, path.Resource)) is not { } resource)
        {
            return new RequestLabels(Methods.Contains(request.Method) ? request.Method : "OTHER", "", "", "", LongRunning: false);
        }

        var verb = path.Verb(request.Method, IsWatch(request.Query));
        var subresource = path.SubresourceName is { } sub && (Streams.Contains(sub) || resource.Subresources.Any(known => known.Name == sub)) ? sub : "";
        return new RequestLabels(
            VerbOf(verb, subresource, request), resource.Group, resource.Plural, subresource, verb == "watch" || Streams.Contains(subresource))
        {
            Version = resource.Version,
            Scope = path.Name is not null || verb == "create" ? "resource" : path.Namespace is not null ? "namespace" : "cluster",
            DryRun = request.Query.ContainsKey("dryRun") ? "All" : "",
            Limit = verb == "list" ? LimitOf(request.Query) : 0,
            FromBeginning = verb == "watch" && IsFromBeginning(request.Query) && !NamesOne((string?)request.Query["fieldSelector"] ?? ""),
        };
    }

    /// <summary>The field selector leaves one object at the most, which is looked up: as Kubernetes, whose estimate for it is one seat.</summary>
    public static bool NamesOne(string fieldSelector) => fieldSelector.Split(',').Any(static term => term.StartsWith("metadata.name=", StringComparison.Ordinal));

    // A list of any version is answered whole, and one that selects looks at all there are before it has found enough.
    private static long LimitOf(IQueryCollection query) =>
        NamesOne((string?)query["fieldSelector"] ?? "") ? 1
        : query["resourceVersion"] == "0" || query.ContainsKey("labelSelector") || query.ContainsKey("fieldSelector") ? 0
        : long.TryParse((string?)query["limit"], System.Globalization.CultureInfo.InvariantCulture, out var limit) ? limit : 0;

    private static bool IsFromBeginning(IQueryCollection query) =>
        (string?)query["resourceVersion"] is null or "" or "0" || RequestOptions.IsSet(query, "sendInitialEvents");

    // Kubernetes' metrics call writes by their method.
    private static string VerbOf(string verb, string subresource, HttpRequest request) => verb switch
    {
        _ when subresource != "log" && Streams.Contains(subresource) => "CONNECT",
        "create" => "POST",
        "update" => "PUT",
        "patch" when request.ContentType?.StartsWith("application/apply-patch", StringComparison.Ordinal) == true => "APPLY",
        _ => verb.ToUpperInvariant(),
    };

    /// <summary>Read as by whoever answers the request: what is permitted, counted and written down is what is done.</summary>
    public static bool IsWatch(IQueryCollection query) => RequestOptions.IsSet(query, "watch");

    /// <summary>A call by its method's name; of its resource only the message knows.</summary>
    private static RequestLabels OfCall(string path)
    {
        var method = path[(path.LastIndexOf('/') + 1)..];
        var ours = path.StartsWith("/cluster.v1.Resources/", StringComparison.Ordinal) && Calls.Contains(method);
        return new RequestLabels(ours ? $"GRPC {method}" : "GRPC", "", "", "", LongRunning: method is "Watch" or "ServerReflectionInfo");
    }
}

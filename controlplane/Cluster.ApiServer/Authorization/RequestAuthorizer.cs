using Cluster.Api;
using Cluster.Api.Selectors;
using Cluster.ApiServer.Auditing;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Grpc;
using Cluster.ApiServer.Hosting;
using Cluster.ApiServer.Rest;
using Microsoft.AspNetCore.Http;

namespace Cluster.ApiServer.Authorization;

/// <summary>Turns requests of either transport into questions to the authorizer, and a no into Kubernetes' words.</summary>
internal sealed class RequestAuthorizer(IAuthorizer authorizer)
{
    /// <exception cref="StatusException">403.</exception>
    public ValueTask AuthorizeAsync(HttpContext context, UserIdentity user) =>
        AuthorizeAsync(Describe(context.Request, user), context.Features.Get<AuditEntry>(), context.RequestAborted);

    /// <exception cref="StatusException">403.</exception>
    public ValueTask AuthorizeAsync(AuthorizationRequest request, CancellationToken cancellationToken) => AuthorizeAsync(request, null, cancellationToken);

    /// <param name="request">The question.</param>
    /// <param name="entry">Told the answer; null: nobody writes it down.</param>
    /// <param name="cancellationToken">The request's own end.</param>
    /// <exception cref="StatusException">403.</exception>
    public async ValueTask AuthorizeAsync(AuthorizationRequest request, AuditEntry? entry, CancellationToken cancellationToken)
    {
        entry?.Describe(request);
        var decision = await authorizer.AuthorizeAsync(request, cancellationToken);
        entry?.Decided(decision);
        if (!decision.Allowed)
            throw StatusErrors.Forbidden(request.Group, request.Resource, request.Name, Why(request, decision.Reason));
    }

    private static AuthorizationRequest Describe(HttpRequest request, UserIdentity user)
    {
        var path = request.Path.Value ?? "/";
        if (RequestPath.Parse(path) is not { } target)
            return OfPath(request, path, user);
        var verb = target.Verb(request.Method, RequestLabels.IsWatch(request.Query));
        var selector = Selector(request, verb);
        return new AuthorizationRequest
        {
            User = user,
            Verb = verb,
            Group = target.Group,
            Resource = target.Resource,
            Subresource = target.SubresourceName ?? "",
            Namespace = target.Namespace ?? "",
            Name = target.Name ?? FieldSelector.NameIn(selector),
            FieldSelector = selector,
            Path = path,
        };
    }

    private static AuthorizationRequest OfPath(HttpRequest request, string path, UserIdentity user)
    {
        var known = RequestLabels.IsGrpc(request) ? GrpcEndpoints.PathOf(path) : path;
        // A call is always a POST; what it does is to read.
        return new AuthorizationRequest { User = user, Verb = known == path ? request.Method.ToLowerInvariant() : "get", Path = known };
    }

    // A selector that asks for one object by name needs the right to that object alone.
    private static string Selector(HttpRequest request, string verb) =>
        verb is "list" or "watch" or "deletecollection" ? RequestOptions.Text(request.Query, "fieldSelector") : "";

    private static string Why(AuthorizationRequest request, string reason) => reason.Length == 0 ? What(request) : $"{What(request)}: {reason}";

    private static string What(AuthorizationRequest request)
    {
        var user = GoText.Quote(request.User.Name);
        if (!request.IsResource)
            return $"User {user} cannot {request.Verb} path {GoText.Quote(request.Path)}";
        var resource = request.Subresource.Length == 0 ? request.Resource : $"{request.Resource}/{request.Subresource}";
        var scope = request.Namespace.Length == 0 ? "at the cluster scope" : $"in the namespace {GoText.Quote(request.Namespace)}";
        return $"User {user} cannot {request.Verb} resource {GoText.Quote(resource)} in API group {GoText.Quote(request.Group)} {scope}";
    }
}

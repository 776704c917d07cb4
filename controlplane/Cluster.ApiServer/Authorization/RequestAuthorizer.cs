using Cluster.Api;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Hosting;
using Cluster.ApiServer.Rest;
using Microsoft.AspNetCore.Http;

namespace Cluster.ApiServer.Authorization;

/// <summary>Turns requests of either transport into questions to the authorizer, and a no into Kubernetes' words.</summary>
internal sealed class RequestAuthorizer(IAuthorizer authorizer)
{
    /// <exception cref="StatusException">403.</exception>
    public ValueTask AuthorizeAsync(HttpContext context, UserIdentity user) => AuthorizeAsync(Describe(context.Request, user), context.RequestAborted);

    /// <exception cref="StatusException">403.</exception>
    public async ValueTask AuthorizeAsync(AuthorizationRequest request, CancellationToken cancellationToken)
    {
        if (!await authorizer.IsAllowedAsync(request, cancellationToken))
            throw StatusErrors.Forbidden(request.Group, request.Resource, request.Name, Why(request));
    }

    private static AuthorizationRequest Describe(HttpRequest request, UserIdentity user)
    {
        var path = request.Path.Value ?? "/";
        if (RequestPath.Parse(path) is not { } target)
            return new AuthorizationRequest { User = user, Verb = request.Method.ToLowerInvariant(), Path = path };
        return new AuthorizationRequest
        {
            User = user,
            Verb = target.Verb(request.Method, RequestLabels.IsWatch(request.Query)),
            Group = target.Group,
            Resource = target.Resource,
            Subresource = target.SubresourceName ?? "",
            Namespace = target.Namespace ?? "",
            Name = target.Name ?? "",
            Path = path,
        };
    }

    private static string Why(AuthorizationRequest request)
    {
        var user = GoText.Quote(request.User.Name);
        if (!request.IsResource)
            return $"User {user} cannot {request.Verb} path {GoText.Quote(request.Path)}";
        var resource = request.Subresource.Length == 0 ? request.Resource : $"{request.Resource}/{request.Subresource}";
        var scope = request.Namespace.Length == 0 ? "at the cluster scope" : $"in the namespace {GoText.Quote(request.Namespace)}";
        return $"User {user} cannot {request.Verb} resource {GoText.Quote(resource)} in API group {GoText.Quote(request.Group)} {scope}";
    }
}

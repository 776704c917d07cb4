using Cluster.Api;
using Cluster.Api.MetaV1;
using Cluster.ApiServer.Auditing;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.CustomResources;
using Cluster.ApiServer.Registry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.Logging;

namespace Cluster.ApiServer.Rest;

/// <summary>The resource paths of the API: finds the resource and the verb, and hands over.</summary>
internal sealed class RestEndpoints
{
    private readonly IResourceRegistry _registry;
    private readonly ResourceHandler _handler;
    private readonly ServedResources _resources;
    private readonly Dictionary<(string Resource, string Subresource), IConnector> _connectors;
    private readonly ILogger _logger;

    public RestEndpoints(IResourceRegistry registry, IReadOnlyList<IConnector> connectors, ILoggerFactory logs, TimeProvider time)
    {
        _registry = registry;
        _resources = registry.Resources;
        _connectors = connectors.ToDictionary(connector => connector.Path);
        _logger = logs.CreateLogger<RestEndpoints>();
        _handler = new ResourceHandler(registry, time, _logger);
    }

    public void Map(IEndpointRouteBuilder routes)
    {
        routes.Map("/api/{version}/{resource}/{**rest}", HandleAsync);
        routes.Map("/apis/{group}/{version}/{resource}/{**rest}", HandleAsync);
    }

    /// <summary>Answers one request; failures too, whether or not something above maps them.</summary>
    public async Task HandleAsync(HttpContext context)
    {
        try
        {
            await DispatchAsync(context);
        }
        catch (StatusException failure) when (!context.Response.HasStarted)
        {
            if (failure.Code >= StatusCodes.Status500InternalServerError)
                // The reason that is not the client's to know, as of a stored value that cannot be read.
                _logger.LogWarning(failure.InnerException, "{Method} {Path}: {Message}", context.Request.Method, context.Request.Path, failure.Message);
            await StatusResponse.WriteAsync(context, failure);
        }
        catch (Storage.StoreException failure) when (!context.Response.HasStarted)
        {
            _logger.LogError(failure, "{Method} {Path}: the store failed", context.Request.Method, context.Request.Path);
            await StatusResponse.WriteAsync(context, StatusErrors.InternalError(failure.Message, failure));
        }
    }

    private async Task DispatchAsync(HttpContext context)
    {
        var path = RequestPath.Parse(context.Request.Path.Value ?? "");
        if (path is null || await _resources.FindAsync(path.Group, path.Version, path.Resource, context.RequestAborted) is not { } type)
            throw StatusErrors.NotServed();

        // A role in a namespace gives nothing outside it: what is in none is not reached through one.
        if (!type.Namespaced && path.Namespace is not null && (type.GroupResource != "namespaces" || path.Namespace != path.Name))
            throw StatusErrors.NotServed();

        var scope = Scope(context, path, type);
        try
        {
            await DispatchAsync(context, path, scope);
        }
        catch (StatusException) when (!context.Response.HasStarted)
        {
            // What was to be said of the request is no less true where it fails.
            WarningHeaders.Write(context.Response, scope.Warnings);
            throw;
        }
    }

    private Task DispatchAsync(HttpContext context, RequestPath path, RequestScope scope)
    {
        if (path.Subresource is { } subresource && Connector(scope.Resource, subresource) is { } connector)
            return ConnectAsync(context, scope, connector);

        var watch = path.LegacyWatch || RequestOptions.List(context.Request.Query).Watch;
        var verb = path.Verb(context.Request.Method, watch);
        CheckPlace(scope, verb);
        CheckVerb(scope, verb);
        return verb switch
        {
            "get" => _handler.GetAsync(context, scope),
            "list" => _handler.ListAsync(context, scope),
            "watch" => _handler.WatchAsync(context, scope),
            "create" => _handler.CreateAsync(context, scope),
            "update" => _handler.UpdateAsync(context, scope),
            "patch" => _handler.PatchAsync(context, scope),
            "delete" => _handler.DeleteAsync(context, scope),
            "deletecollection" => _handler.DeleteCollectionAsync(context, scope),
            _ => throw StatusErrors.MethodNotAllowed(),
        };
    }

    private async Task ConnectAsync(HttpContext context, RequestScope scope, IConnector connector)
    {
        if (ConnectOptions.Of(connector, context) is { } options)
            await _registry.AdmitConnectionAsync(scope with { Subresource = connector.Path.Subresource }, options, context.RequestAborted);
        await connector.ConnectAsync(context, scope);
    }

    private IConnector? Connector(ResourceType type, string subresource)
    {
        var slash = subresource.IndexOf('/', StringComparison.Ordinal);
        // They are all of core kinds; another group may have a plural of the same name.
        return type.Group.Length > 0 ? null : _connectors.GetValueOrDefault((type.Plural, slash < 0 ? subresource : subresource[..slash]));
    }

    private static RequestScope Scope(HttpContext context, RequestPath path, ResourceType type) => new()
    {
        Resource = type,
        User = context.Features.Get<UserIdentity>() ?? UserIdentity.Anonymous,
        Namespace = type.Namespaced ? path.Namespace : null,
        Name = path.Name,
        Subresource = path.Subresource,
        Warnings = type.Warning is { } warning ? [warning] : [],
        Audit = context.Features.Get<AuditEntry>()?.Annotations,
    };

    private static void CheckPlace(RequestScope scope, string verb)
    {
        if (scope.Subresource is { } name && scope.Resource.Subresources.All(part => part.Name != name))
            throw StatusErrors.NotServed();

        // Across namespaces one can only list and watch.
        if (scope.Resource.Namespaced && scope.Namespace is null && verb is not ("list" or "watch"))
            throw scope.Name is null ? StatusErrors.MethodNotAllowed() : StatusErrors.NotServed();
    }

    private static void CheckVerb(RequestScope scope, string verb)
    {
        var verbs = scope.Resource.Subresources.FirstOrDefault(part => part.Name == scope.Subresource)?.Verbs ?? scope.Resource.Verbs;
        // A PUT or PATCH names an object, a POST of the resource itself does not.
        var placed = verb is not ("update" or "patch") || scope.Name is not null;
        if (!verbs.Contains(verb) || !placed || (verb == "create" && scope.Name is not null && scope.Subresource is null))
            throw StatusErrors.MethodNotAllowed();
    }
}

using System.IO.Pipelines;
using Cluster.ApiServer.Authorization;
using Cluster.ApiServer.Registry;
using Grpc.AspNetCore.Server;
using Grpc.Health.V1;
using Grpc.HealthCheck;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Cluster.ApiServer.Grpc;

/// <summary>Puts the gRPC services on the server: resources, health, reflection.</summary>
internal static class GrpcEndpoints
{
    /// <summary>A list of 5,000 pods is some 10 MB; what comes in is bounded as for REST.</summary>
    private const int MaxSendBytes = 256 * 1024 * 1024;

    /// <summary>Names, selectors and options.</summary>
    private const int MaxSmallMessageBytes = 64 * 1024;

    /// <summary>What gRPC puts before a message: a flag and its length.</summary>
    private const int PrefixBytes = 5;

    private static readonly HashSet<string> Calls =
        [.. Cluster.Api.ResourceV1.Resources.Descriptor.Methods.Select(method => $"/{method.Service.FullName}/{method.Name}")];

    /// <summary>The call says in its message what it wants: <see cref="ResourceService"/> asks for permission itself.</summary>
    public static bool AsksItself(HttpRequest request) => 
        Hosting.RequestLabels.IsGrpc(request) && Calls.Contains(request.Path.Value ?? "");

    /// <summary>Bounds what a call sends, more tightly where it carries no object: it is read before anybody is asked for permission.</summary>
    public static void BoundMessage(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "";
        var carriesObject = path.EndsWith("/Create", StringComparison.Ordinal) || path.EndsWith("/Update", StringComparison.Ordinal)
            || path.EndsWith("/UpdateStatus", StringComparison.Ordinal) || path.EndsWith("/Patch", StringComparison.Ordinal);
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
            size.MaxRequestBodySize = null;
        var limit = carriesObject ? Hosting.ServerLimits.MaxRequestBodyBytes : MaxSmallMessageBytes;
        context.Features.Set<IRequestBodyPipeFeature>(new Body(new BoundedMessageReader(context.Request.BodyReader, limit + PrefixBytes)));
    }

    /// <summary>The path by which a call that is about no resource is allowed or not: health as health, reflection as the schema it tells.</summary>
    public static string PathOf(string path) =>
        path.StartsWith("/grpc.health.v1.Health/", StringComparison.Ordinal) ? "/healthz"
        : path.StartsWith("/grpc.reflection.", StringComparison.Ordinal) ? "/openapi/v3"
        : path;

    public static void AddServices(IServiceCollection services, IResourceRegistry registry, RequestAuthorizer authorizer, TimeProvider time)
    {
        services.AddSingleton(provider => new ResourceService(
            registry, authorizer, time, provider.GetRequiredService<ILogger<ResourceService>>()));
        var health = new HealthServiceImpl();
        health.SetStatus("", HealthCheckResponse.Types.ServingStatus.Serving);
        health.SetStatus("cluster.v1.Resources", HealthCheckResponse.Types.ServingStatus.Serving);
        services.AddSingleton(health);
        services.AddGrpc(Configure);
        services.AddGrpcReflection();
    }

    public static void Map(IEndpointRouteBuilder routes)
    {
        routes.MapGrpcService<ResourceService>();
        routes.MapGrpcService<HealthServiceImpl>();
        routes.MapGrpcReflectionService();
    }

    private static void Configure(GrpcServiceOptions options)
    {
        options.MaxReceiveMessageSize = Hosting.ServerLimits.MaxRequestBodyBytes;
        options.MaxSendMessageSize = MaxSendBytes;
        options.Interceptors.Add<StatusInterceptor>();
    }

    private sealed record Body(PipeReader Reader) : IRequestBodyPipeFeature;
}

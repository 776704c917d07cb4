using System.Net;
using System.Net.Sockets;
using Cluster.ApiServer.Authentication;
using Cluster.ApiServer.Authorization;
using Cluster.ApiServer.Discovery;
using Cluster.ApiServer.Fairness;
using Cluster.ApiServer.Grpc;
using Cluster.ApiServer.Health;
using Cluster.ApiServer.OpenApi;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.Rest;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Connections;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Transport.Sockets;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging;

namespace Cluster.ApiServer.Hosting;

/// <summary>Kestrel with everything the server answers on it.</summary>
internal sealed class WebHost : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly TlsListener _listener;
    private readonly PrometheusExporter? _ownMetrics;
    private readonly PrometheusExporter _metrics;
    private readonly TaskCompletionSource _stopped = new(TaskCreationOptions.RunContinuationsAsynchronously);

    private WebHost(WebApplication app, TlsListener listener, PrometheusExporter? metrics)
    {
        (_app, _listener) = (app, listener);
        _ownMetrics = metrics is null ? new PrometheusExporter() : null;
        _metrics = metrics ?? _ownMetrics!;
    }

    public Uri Url => new(_app.Services.GetRequiredService<IServer>().Features.GetRequiredFeature<IServerAddressesFeature>().Addresses.First());

    public Task Completion => _stopped.Task;

    /// <summary>The patterns of all paths that are answered.</summary>
    public IEnumerable<string> Routes =>
        ((IEndpointRouteBuilder)_app).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>().Select(route => route.RoutePattern.RawText ?? "");

    public static async Task<WebHost> StartAsync(WebHostParts parts, ILoggerFactory logs, CancellationToken cancellationToken)
    {
        var listener = new TlsListener(parts.Options.Pki, ServerLimits.OfOneAddress(parts.Options.MaxConnections), parts.Options.Time);
        var authorizer = new RequestAuthorizer(parts.Authorizer);
        var app = Build(parts, listener, authorizer, logs);
        var host = new WebHost(app, listener, parts.Options.Metrics);
        host.AddPipeline(parts, authorizer, logs);
        try
        {
            await app.StartAsync(cancellationToken);
            return host;
        }
        catch (Exception e)
        {
            await host.DisposeAsync();
            if (Explain(e, parts.Options.Listen) is { } clear)
                throw new IOException(clear, e);
            throw;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        _listener.Dispose();
        _ownMetrics?.Dispose();
        _stopped.TrySetResult();
    }

    private static WebApplication Build(WebHostParts parts, TlsListener listener, RequestAuthorizer authorizer, ILoggerFactory logs)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseSockets(sockets => sockets.CreateBoundListenSocket = TlsListener.Bind).ConfigureKestrel(kestrel =>
        {
            kestrel.AddServerHeader = false;
            ServerLimits.Apply(kestrel.Limits, parts.Options.MaxConnections);
            foreach (var endpoint in parts.Options.Listen)
                listener.Listen(kestrel, endpoint);
        });
        // The one that was registered last is asked first, and takes every address.
        builder.Services.AddSingleton<IConnectionListenerFactory>(services => new PacedListeners(ActivatorUtilities.CreateInstance<SocketTransportFactory>(services)));
        if (parts.Options.Server is { } server)
            builder.Services.AddSingleton(server);
        builder.Services.AddSingleton<ILoggerFactory>(new FrameworkLogs(logs));
        // Signals are the executable's business: it may run several components.
        builder.Services.AddSingleton<IHostLifetime, NoLifetime>();
        builder.Services.AddRoutingCore();
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = parts.Options.ShutdownGrace);
        GrpcEndpoints.AddServices(builder.Services, parts.Core.Registry, authorizer, parts.Options.Time);
        return builder.Build();
    }

    private void AddPipeline(WebHostParts parts, RequestAuthorizer authorizer, ILoggerFactory logs)
    {
        var options = parts.Options;
        var authenticator = new RequestAuthenticator(
            new ClientCertificates(_listener.Authority, options.Time), new CachedTokenAuthenticator(parts.Tokens, options.Time));
        var queues = new FairQueues(options.MaxRequestsInFlight, options.QueueTimeout, options.Time, Environment.ProcessorCount) { Count = Count(parts.Core) };
        var boundary = new RequestBoundary(
            authenticator, authorizer, queues, parts.Auditor, options,
            logs.CreateLogger("Cluster.ApiServer.Requests"), _app.Lifetime.ApplicationStopping)
        {
            Resources = parts.Core.Registry.Resources,
        };
        _app.Use(boundary.InvokeAsync);
        // For watches; what is proxied (exec and the like) passes its WebSocket on as it is.
        _app.UseWebSockets();
        _app.UseRouting();
        MapHealth(parts);
        new DiscoveryEndpoints(parts.Core.Registry.Resources, options.Listen[0].ToString()).Map(_app);
        new IssuerDiscovery(parts.TokenKeys, options.Pki.ServerUrl).Map(_app);
        new OpenApiEndpoints(parts.Core.Registry.Resources).Map(_app);
        GrpcEndpoints.Map(_app);
        new RestEndpoints(parts.Core.Registry, parts.Connectors, logs, options.Time).Map(_app);
        _app.MapFallback(NotFoundAsync);
    }

    private void MapHealth(WebHostParts parts)
    {
        var store = new HealthCheck("etcd", async token => await parts.Store.GetRevisionAsync(token) >= 0);
        var caches = new HealthCheck("informer-sync", _ => ValueTask.FromResult(parts.Core.IsReady));
        var stopping = new HealthCheck("shutdown", _ => ValueTask.FromResult(!_app.Lifetime.ApplicationStopping.IsCancellationRequested));
        new HealthEndpoint("healthz", [HealthCheck.Ping, store]).Map(_app);
        new HealthEndpoint("livez", [HealthCheck.Ping]).Map(_app);
        new HealthEndpoint("readyz", [HealthCheck.Ping, store, caches, stopping]).Map(_app);
        _app.MapGet("/metrics", (RequestDelegate)_metrics.WriteAsync);
    }

    private static Task NotFoundAsync(HttpContext context)
    {
        context.Response.StatusCode = StatusCodes.Status404NotFound;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync("404 page not found\n", context.RequestAborted);
    }

    /// <summary>One line for what a person can mend; null for anything else.</summary>
    private static string? Explain(Exception e, IReadOnlyList<IPEndPoint> endpoints)
    {
        var where = string.Join(" or ", endpoints);
        for (var cause = e; cause is not null; cause = cause.InnerException)
        {
            if (cause is Microsoft.AspNetCore.Connections.AddressInUseException or SocketException { SocketErrorCode: SocketError.AddressAlreadyInUse })
                return $"cannot listen on {where}: another process has the port";
            if (cause is SocketException { SocketErrorCode: SocketError.AccessDenied })
                return $"cannot listen on {where}: permission denied";
            if (cause is SocketException { SocketErrorCode: SocketError.AddressNotAvailable })
                return $"cannot listen on {where}: no interface of this machine has the address";
        }

        return null;
    }

    private sealed class NoLifetime : IHostLifetime
    {
        public Task WaitForStartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

        public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;
    }

    private static Func<string, string, string, int> Count(RegistryHost core) => (group, version, plural) =>
        core.Registry.Resources.Find(group, version, plural)?.Storage is { StoragePrefix: not null } stored ? core.CountOf(stored) : 0;
}

using System.Net;
using System.Security.Cryptography.X509Certificates;
using Cluster.Containers;
using Cluster.Kubelet.Lifecycle;
using Cluster.Kubelet.PodWorkers;
using Cluster.Kubelet.Streaming;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Cluster.Kubelet.Server;

/// <summary>
/// The kubelet's own HTTP: over TLS for the API server (logs, pods, metrics, and clients' streams), and plainly on loopback for its health. Callers over
/// TLS must show a certificate of the cluster's CA in the group system:masters.
/// </summary>
internal sealed class KubeletServer : IAsyncDisposable
{
    private readonly WebApplication? app;

    private KubeletServer(WebApplication? app, int port)
    {
        this.app = app;
        Port = port;
    }

    /// <summary>The port of the TLS server; 0 if there is none.</summary>
    public int Port { get; }

    /// <summary>The patterns of all paths it answers: callers are checked on every one.</summary>
    public IEnumerable<string> Routes =>
        app is null ? [] : ((IEndpointRouteBuilder)app).DataSources.SelectMany(source => source.Endpoints).OfType<RouteEndpoint>().Select(route => route.RoutePattern.RawText ?? "");

    public static async Task<KubeletServer> StartAsync(
        KubeletOptions options, PodWorkerSet workers, ContainerObserver observer, IContainerRuntime runtime, ILoggerFactory logs,
        CancellationToken cancellationToken)
    {
        // Kestrel without an endpoint would choose one of its own.
        if (options.HealthzPort == 0 && options.Certificates is null) return new KubeletServer(null, 0);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.Services.AddSingleton(logs);
        builder.Services.AddRoutingCore();
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => Listen(kestrel, options));
        var app = builder.Build();
        app.UseRouting();
        app.Use(CallerCheck.RequireClusterCaller);
        app.UseWebSockets();
        Map(app, options.NodeName, workers, observer, new ContainerLogs(workers, observer, runtime));
        StreamingEndpoints.Map(
            app, workers, observer, runtime, new StreamingOptions { IdleTimeout = options.StreamingConnectionIdleTimeout },
            logs.CreateLogger("Cluster.Kubelet.Streaming"));
        await app.StartAsync(cancellationToken);
        return new KubeletServer(app, TlsPort(app));
    }

    public async ValueTask DisposeAsync()
    {
        if (app is null) return;

        // Followed logs would hold the stop for as long as their containers run.
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1));
        await app.StopAsync(limit.Token);
        await app.DisposeAsync();
    }

    private static void Listen(KestrelServerOptions kestrel, KubeletOptions options)
    {
        // A followed log may be silent for hours, which is no sign of a dead reader.
        kestrel.Limits.MinResponseDataRate = null;
        kestrel.AddServerHeader = false;
        if (options.HealthzPort > 0) kestrel.Listen(IPAddress.Loopback, options.HealthzPort);
        if (options.Certificates is not { } files) return;
        using var pem = X509Certificate2.CreateFromPemFile(files.Certificate, files.Key);

        // Through PKCS#12, for a key read from PEM is tied to that object's life.
        var certificate = X509CertificateLoader.LoadPkcs12(pem.Export(X509ContentType.Pkcs12), null);
        var authority = X509CertificateLoader.LoadCertificateFromFile(files.ClientCa);
        kestrel.Listen(IPAddress.Parse(options.ListenAddress), options.Port, listen => listen.UseHttps(https =>
        {
            https.ServerCertificate = certificate;
            https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
            https.ClientCertificateValidation = (client, _, _) => CallerCheck.IsSignedBy(client, authority);
            // TLS builds a chain before we are asked: a stranger's certificate may not say where its issuer is to be fetched.
            https.OnAuthenticate = (_, tls) => tls.CertificateChainPolicy = new X509ChainPolicy
            {
                TrustMode = X509ChainTrustMode.CustomRootTrust, RevocationMode = X509RevocationMode.NoCheck, DisableCertificateDownloads = true,
            };
        }));
    }

    private static void Map(WebApplication app, string node, PodWorkerSet workers, ContainerObserver observer, ContainerLogs logs)
    {
        app.MapGet("/healthz", context => AnswerAsync(context, observer.IsHealthy));
        app.MapGet("/livez", context => AnswerAsync(context, observer.IsHealthy));
        app.MapGet("/readyz", context => AnswerAsync(context, observer.IsHealthy));
        app.MapGet("/pods", context => PodListing.WriteAsync(context, workers));
        app.MapGet("/metrics", context => MetricsText.WriteAsync(context, node, observer));
        app.MapGet("/containerLogs/{ns}/{pod}/{container}", logs.WriteAsync);
    }

    private static Task AnswerAsync(HttpContext context, bool healthy)
    {
        context.Response.StatusCode = healthy ? StatusCodes.Status200OK : StatusCodes.Status500InternalServerError;
        return context.Response.WriteAsync(healthy ? "ok" : "the container engine does not answer");
    }

    private static int TlsPort(WebApplication app)
    {
        var addresses = app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()?.Addresses ?? [];
        return addresses.Select(address => new Uri(address)).FirstOrDefault(address => address.Scheme == "https")?.Port ?? 0;
    }
}

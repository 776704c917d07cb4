using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace Cluster.Cli.Hosting;

/// <summary>/healthz, /livez, /readyz and /metrics of a component that has no server of its own, on loopback.</summary>
internal sealed class HealthServer : IAsyncDisposable
{
    private readonly WebApplication app;

    private HealthServer(WebApplication app) => this.app = app;

    /// <param name="port">On 127.0.0.1.</param>
    /// <param name="isReady">Asked at each /readyz.</param>
    /// <param name="writeMetrics">Prometheus' text form of the component's meters.</param>
    /// <param name="cancellationToken">Ends the start.</param>
    public static async Task<HealthServer> StartAsync(int port, Func<bool> isReady, Func<string> writeMetrics, CancellationToken cancellationToken)
    {
        WebApplicationBuilder builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.ListenLocalhost(port);
            kestrel.Limits.MaxRequestBodySize = 0;
            kestrel.AddServerHeader = false;
        });
        builder.Logging.ClearProviders();
        WebApplication app = builder.Build();
        app.Run(context => AnswerAsync(context, isReady, writeMetrics));
        await app.StartAsync(cancellationToken);
        return new HealthServer(app);
    }

    public ValueTask DisposeAsync() => app.DisposeAsync();

    private static Task AnswerAsync(HttpContext context, Func<bool> isReady, Func<string> writeMetrics)
    {
        (int code, string text) = context.Request.Path.Value switch
        {
            "/healthz" or "/livez" => (200, "ok"),
            "/readyz" => isReady() ? (200, "ok") : (503, "not ready"),
            "/metrics" => (200, writeMetrics()),
            _ => (404, "404 page not found\n"),
        };
        context.Response.StatusCode = code;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(text);
    }
}

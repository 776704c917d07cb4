using System.Net;
using System.Security.Cryptography.X509Certificates;
using Cluster.ApiServer.Pki;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;

namespace Cluster.ApiServer.Tests.Logs;

/// <summary>Answers as a kubelet's log endpoint does, to callers with a certificate of the cluster alone.</summary>
internal sealed class FakeKubelet : IAsyncDisposable
{
    private readonly WebApplication _app;

    private FakeKubelet(WebApplication app) => _app = app;

    /// <summary>Path and query of the last request.</summary>
    public string LastRequest { get; private set; } = "";

    /// <summary>What is answered.</summary>
    public Func<HttpContext, Task> Answer { get; set; } = context => context.Response.WriteAsync("line\n");

    public static async Task<FakeKubelet> StartAsync(int port, X509Certificate2 serving, X509Certificate2 authority)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, port, listen => listen.UseHttps(https =>
        {
            https.ServerCertificate = serving;
            https.ClientCertificateMode = ClientCertificateMode.RequireCertificate;
            https.ClientCertificateValidation = (certificate, _, _) => CertificateChain.IsClientOf(certificate, authority, TimeProvider.System.GetUtcNow());
        })));
        var app = builder.Build();
        var kubelet = new FakeKubelet(app);
        app.Run(context =>
        {
            kubelet.LastRequest = context.Request.Path + context.Request.QueryString;
            return kubelet.Answer(context);
        });
        await app.StartAsync();
        return kubelet;
    }

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync(new CancellationToken(canceled: true));
        await _app.DisposeAsync();
    }
}

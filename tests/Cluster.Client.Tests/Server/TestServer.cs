using System.Net;
using System.Security.Cryptography.X509Certificates;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Server.Kestrel.Https;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace Cluster.Client.Tests.Server;

/// <summary>An HTTPS server on a free loopback port that answers as a test tells it.</summary>
internal sealed class TestServer : IAsyncDisposable
{
    private readonly WebApplication _app;
    private readonly TestPki _pki;

    private TestServer(WebApplication app, TestPki pki)
    {
        _app = app;
        _pki = pki;
    }

    public ClusterConnection Connection => new()
    {
        Server = new(_app.Urls.First().Replace("127.0.0.1", "localhost", StringComparison.Ordinal)),
        Authorities = [_pki.Authority],
    };

    public X509Certificate2 IssueClientCertificate(string name) => _pki.Issue(name);

    public static Task<TestServer> StartAsync(RequestDelegate answer) => StartAsync(app => app.Run(answer));

    public static async Task<TestServer> StartAsync(Action<WebApplication> map)
    {
        var pki = new TestPki();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddGrpc();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(https =>
        {
            https.ServerCertificate = pki.Issue("localhost");
            https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
            https.AllowAnyClientCertificate();
        })));
        var app = builder.Build();
        map(app);
        await app.StartAsync();
        return new(app, pki);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _pki.Dispose();
    }
}

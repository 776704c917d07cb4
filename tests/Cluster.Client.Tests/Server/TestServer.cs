using System.Net;
using System.Security.Cryptography.X509Certificates;
using Cluster.Testing;
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
    private readonly TestAuthority _authority;

    private TestServer(WebApplication app, TestAuthority authority)
    {
        _app = app;
        _authority = authority;
    }

    public ClusterConnection Connection => new()
    {
        Server = new(_app.Urls.First().Replace("127.0.0.1", "localhost", StringComparison.Ordinal)),
        Authorities = [_authority.Certificate],
    };

    public X509Certificate2 IssueClientCertificate(string name) => _authority.Issue($"CN={name}");

    public static Task<TestServer> StartAsync(RequestDelegate answer) => StartAsync(app => app.Run(answer));

    public static async Task<TestServer> StartAsync(Action<WebApplication> map)
    {
        var authority = new TestAuthority();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.Services.AddGrpc();
        builder.WebHost.UseKestrelHttpsConfiguration();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, listen => listen.UseHttps(https =>
        {
            https.ServerCertificate = authority.Issue("CN=localhost");
            https.ClientCertificateMode = ClientCertificateMode.AllowCertificate;
            https.AllowAnyClientCertificate();
        })));
        var app = builder.Build();
        map(app);
        await app.StartAsync();
        return new(app, authority);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _authority.Dispose();
    }
}

using System.Collections.Concurrent;
using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace Cluster.ApiServer.Tests.Admission;

/// <summary>A webhook over HTTPS with a certificate of its own: each path answers as a test has told it to.</summary>
public sealed class WebhookServer : IAsyncDisposable
{
    private readonly ConcurrentDictionary<string, Func<JsonNode, JsonObject>> _answers = new(StringComparer.Ordinal);
    private readonly WebApplication _app;
    private readonly X509Certificate2 _certificate;

    private WebhookServer(WebApplication app, X509Certificate2 certificate) => (_app, _certificate) = (app, certificate);

    /// <summary>The questions, in the order they came.</summary>
    public ConcurrentQueue<(string Path, JsonNode Request)> Asked { get; } = [];

    public Uri Url => new(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());

    public string CaBundle => Convert.ToBase64String(System.Text.Encoding.ASCII.GetBytes(_certificate.ExportCertificatePem()));

    /// <param name="address">Where to listen.</param>
    /// <param name="host">What the certificate is of, besides the address.</param>
    public static async Task<WebhookServer> StartAsync(IPAddress address, string host = "localhost")
    {
        var certificate = Certificate(address, host);
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().UseKestrelHttpsConfiguration().ConfigureKestrel(kestrel => kestrel.Listen(address, 0, endpoint => endpoint.UseHttps(certificate)));
        var server = new WebhookServer(builder.Build(), certificate);
        server._app.Run(server.AnswerAsync);
        await server._app.StartAsync();
        return server;
    }

    /// <summary>What a path answers: the response, whose uid need not be given.</summary>
    public void On(string path, Func<JsonNode, JsonObject> answer) => _answers[path] = answer;

    public async ValueTask DisposeAsync()
    {
        await _app.StopAsync();
        await _app.DisposeAsync();
        _certificate.Dispose();
    }

    private async Task AnswerAsync(HttpContext context)
    {
        var review = (await JsonNode.ParseAsync(context.Request.Body))!;
        var request = review["request"]!;
        var path = context.Request.Path.Value ?? "";
        Asked.Enqueue((path, request));
        if (!_answers.TryGetValue(path, out var answer))
        {
            context.Response.StatusCode = StatusCodes.Status500InternalServerError;
            return;
        }

        var response = answer(request);
        response["uid"] ??= request["uid"]!.ToString();
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(new JsonObject
        {
            ["kind"] = review["kind"]!.ToString(), ["apiVersion"] = review["apiVersion"]!.ToString(), ["response"] = response,
        }.ToJsonString());
    }

    private static X509Certificate2 Certificate(IPAddress address, string host)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest($"CN={host}", key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        names.AddIpAddress(address);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(true, false, 0, true));
        var now = TimeProvider.System.GetUtcNow();
        using var made = request.CreateSelfSigned(now.AddDays(-1), now.AddDays(1));
        return X509CertificateLoader.LoadPkcs12(made.Export(X509ContentType.Pkcs12), null);
    }
}

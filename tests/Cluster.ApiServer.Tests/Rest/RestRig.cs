using System.Net;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json.Nodes;
using Cluster.ApiServer.OpenApi;
using Cluster.ApiServer.Rest;
using Cluster.ApiServer.Tests.Registry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.ApiServer.Tests.Rest;

/// <summary>The REST endpoints on a Kestrel without TLS or authentication.</summary>
public sealed class RestRig : IAsyncDisposable
{
    private WebApplication _app = null!;

    private RestRig(RegistryRig registry) => Core = registry;

    public RegistryRig Core { get; }

    public HttpClient Client { get; private set; } = null!;

    public static async Task<RestRig> StartAsync(bool withoutHistory = false)
    {
        var rig = new RestRig(await RegistryRig.StartAsync());
        if (withoutHistory)
            await rig.Core.RestartWithoutHistoryAsync();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddRoutingCore();
        rig._app = builder.Build();
        rig._app.UseRouting();
        new RestEndpoints(rig.Core.Registry, [], NullLoggerFactory.Instance, TimeProvider.System).Map(rig._app);
        new OpenApiEndpoints(rig.Core.Registry.Resources).Map(rig._app);
        await rig._app.StartAsync();
        var address = rig._app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First();
        rig.Client = new HttpClient { BaseAddress = new Uri(address) };
        return rig;
    }

    public async Task<(HttpStatusCode Code, JsonNode Body)> SendAsync(
        HttpMethod method, string path, string? body = null, string contentType = "application/json", string? accept = null)
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8);
            request.Content.Headers.Remove("Content-Type");
            request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }

        if (accept is not null)
            request.Headers.TryAddWithoutValidation("Accept", accept);
        using var response = await Client.SendAsync(request);
        return (response.StatusCode, (await response.Content.ReadFromJsonAsync<JsonNode>())!);
    }

    public Task<(HttpStatusCode Code, JsonNode Body)> GetAsync(string path, string? accept = null) =>
        SendAsync(HttpMethod.Get, path, accept: accept);

    public Task<(HttpStatusCode Code, JsonNode Body)> PostAsync(string path, string body) => SendAsync(HttpMethod.Post, path, body);

    public async ValueTask DisposeAsync()
    {
        Client.Dispose();
        await _app.StopAsync();
        await _app.DisposeAsync();
        await Core.DisposeAsync();
    }
}

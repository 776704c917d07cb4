using System.Net;
using System.Text;
using System.Text.Json.Nodes;

namespace Cluster.ApiServer.Tests.Hosting;

/// <summary>A client that acts as somebody: the administrator in that user's name.</summary>
internal sealed class ActingClient : IDisposable
{
    private readonly HttpClient _client;

    public ActingClient(ApiServerRig rig, string user, params string[] groups)
    {
        _client = rig.Client("admin");
        _client.DefaultRequestHeaders.Add("Impersonate-User", user);
        foreach (var group in groups)
            _client.DefaultRequestHeaders.Add("Impersonate-Group", group);
    }

    public async Task<(HttpStatusCode Code, JsonNode Body)> SendAsync(string method, string path, string? body = null, string contentType = "application/json")
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path) { Version = HttpVersion.Version20 };
        if (body is not null)
        {
            request.Content = new StringContent(body, Encoding.UTF8);
            request.Content.Headers.Remove("Content-Type");
            request.Content.Headers.TryAddWithoutValidation("Content-Type", contentType);
        }

        using var response = await _client.SendAsync(request, TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        return (response.StatusCode, text.StartsWith('{') ? JsonNode.Parse(text)! : JsonValue.Create(text));
    }

    public void Dispose() => _client.Dispose();
}

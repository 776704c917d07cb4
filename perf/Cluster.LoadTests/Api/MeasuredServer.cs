using System.Net;
using System.Security.Cryptography.X509Certificates;
using Cluster.LoadTests.Machine;

namespace Cluster.LoadTests.Api;

/// <summary>One side of the comparison: a process that answers the works' requests.</summary>
/// <param name="name">As reports call it.</param>
/// <param name="url">Where it answers.</param>
/// <param name="use">What its process has used.</param>
/// <param name="authority">Whose certificate it has.</param>
/// <param name="client">Who asks it.</param>
internal sealed class MeasuredServer(string name, Uri url, Func<ProcessUse> use, X509Certificate2 authority, X509Certificate2 client) : IDisposable
{
    private readonly Dictionary<Version, HttpMessageInvoker> _shared = [];

    public string Name { get; } = name;

    public ProcessUse Use => use();

    /// <summary>What all requests of a version of HTTP go through: one connection of HTTP/2, as many as there are requests at once of HTTP/1.1.</summary>
    public HttpMessageInvoker Shared(Version version)
    {
        if (!_shared.TryGetValue(version, out HttpMessageInvoker? invoker)) _shared[version] = invoker = NewConnections();
        return invoker;
    }

    /// <summary>Connections that nothing else uses.</summary>
    public HttpMessageInvoker NewConnections() => new(TlsHandlers.Create(authority, client));

    public HttpRequestMessage Request(HttpMethod method, string path, Version version, byte[]? body = null, string? accept = null)
    {
        var request = new HttpRequestMessage(method, new Uri(url, path)) { Version = version, VersionPolicy = HttpVersionPolicy.RequestVersionExact };
        request.Headers.TryAddWithoutValidation("Accept", accept ?? "application/json");
        request.Headers.TryAddWithoutValidation("User-Agent", "cluster-bench/1.0 (linux/amd64)");
        if (body is null) return request;
        request.Content = new ByteArrayContent(body);
        request.Content.Headers.TryAddWithoutValidation("Content-Type", "application/json");
        return request;
    }

    /// <summary>Sends one and returns the body of its answer.</summary>
    /// <exception cref="InvalidOperationException">It failed; the message holds what was said.</exception>
    public async Task<byte[]> SendAsync(HttpMethod method, string path, byte[]? body = null, string? accept = null)
    {
        using HttpRequestMessage request = Request(method, path, HttpVersion.Version20, body, accept);
        using HttpResponseMessage response = await Shared(HttpVersion.Version20).SendAsync(request, CancellationToken.None);
        byte[] answer = await response.Content.ReadAsByteArrayAsync();
        return response.IsSuccessStatusCode ? answer
            : throw new InvalidOperationException($"{method} {path} of {Name}: {(int)response.StatusCode} {System.Text.Encoding.UTF8.GetString(answer)}");
    }

    public void Dispose()
    {
        foreach (HttpMessageInvoker invoker in _shared.Values) invoker.Dispose();
    }
}

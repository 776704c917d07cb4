using System.Net;

namespace Cluster.Client;

/// <summary>Sends REST requests: deadlines, bounded answers, "later" obeyed, failures as Status.</summary>
internal sealed class RestSender : IDisposable
{
    private readonly ApiClientOptions _options;
    private readonly HttpClient _http;

    public RestSender(ClusterConnection connection, ApiClientOptions options)
    {
        _options = options;
        _http = new(ClusterHandlers.Create(connection))
        {
            BaseAddress = new(connection.Server.AbsoluteUri.TrimEnd('/') + "/"),
            Timeout = Timeout.InfiniteTimeSpan,
            DefaultRequestVersion = HttpVersion.Version20,
            // Without TLS nothing negotiates HTTP/2; such servers (kubectl proxy) speak HTTP/1.1.
            DefaultVersionPolicy = HttpVersionPolicy.RequestVersionOrLower,
        };
        _http.DefaultRequestHeaders.UserAgent.ParseAdd(options.UserAgent);
    }

    /// <summary>The answer's body.</summary>
    /// <param name="method">The verb.</param>
    /// <param name="path">Relative to the server, query included.</param>
    /// <param name="body">Makes the body, once a try.</param>
    /// <param name="cancellationToken">Ends the request.</param>
    public Task<ReadOnlyMemory<byte>> SendAsync(HttpMethod method, string path, Func<HttpContent>? body, CancellationToken cancellationToken) =>
        RetryLater.RunAsync(() => TryAsync(method, path, body, cancellationToken), _options, cancellationToken);

    /// <summary>Opens a stream that has no deadline; the answer is a success.</summary>
    public Task<HttpResponseMessage> OpenAsync(string path, CancellationToken cancellationToken) =>
        RetryLater.RunAsync(() => TryOpenAsync(path, cancellationToken), _options, cancellationToken);

    public void Dispose() => _http.Dispose();

    private async Task<ReadOnlyMemory<byte>> TryAsync(HttpMethod method, string path, Func<HttpContent>? body, CancellationToken cancellationToken)
    {
        using var deadline = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        deadline.CancelAfter(_options.Deadline);
        try
        {
            using var request = Request(method, path, RestBodies.Accept);
            request.Content = body?.Invoke();
            using var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, deadline.Token);
            var bytes = await ReadAsync(response, deadline.Token);
            return response.IsSuccessStatusCode ? bytes : throw RestErrors.Read(response, bytes);
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new HttpRequestException($"no answer from {_http.BaseAddress} within {_options.Deadline}", e);
        }
    }

    private async Task<HttpResponseMessage> TryOpenAsync(string path, CancellationToken cancellationToken)
    {
        using var request = Request(HttpMethod.Get, path, RestBodies.AcceptWatch);
        var response = await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        if (response.IsSuccessStatusCode)
        {
            return response;
        }

        using (response)
        {
            throw RestErrors.Read(response, await ReadAsync(response, cancellationToken));
        }
    }

    private HttpRequestMessage Request(HttpMethod method, string path, string accept)
    {
        var request = new HttpRequestMessage(method, new Uri(path, UriKind.Relative))
        {
            Version = _http.DefaultRequestVersion,
            VersionPolicy = _http.DefaultVersionPolicy,
        };
        request.Headers.TryAddWithoutValidation("Accept", accept);
        return request;
    }

    private async Task<ReadOnlyMemory<byte>> ReadAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var length = response.Content.Headers.ContentLength ?? 0;
        if (length > _options.MaxResponseBytes)
        {
            throw TooLarge();
        }

        await using var stream = await response.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = new byte[Math.Max(length + 1, 4096)];
        var filled = 0;
        while (await stream.ReadAsync(buffer.AsMemory(filled), cancellationToken) is var read and > 0)
        {
            filled += read;
            if (filled > _options.MaxResponseBytes)
            {
                throw TooLarge();
            }

            if (filled == buffer.Length)
            {
                Array.Resize(ref buffer, buffer.Length * 2);
            }
        }

        return buffer.AsMemory(0, filled);
    }

    private IOException TooLarge() => new($"the answer of {_http.BaseAddress} is larger than {_options.MaxResponseBytes} bytes");
}

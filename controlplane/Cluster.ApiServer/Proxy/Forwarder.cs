using System.Buffers;
using System.Net;
using Cluster.Api;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Cluster.ApiServer.Proxy;

/// <summary>Passes a request on and its answer back, and keeps the connection open where both sides change the protocol.</summary>
/// <remarks>Holds one buffer a direction, however much passes. SPDY and WebSocket framing are the target's affair.</remarks>
internal sealed class Forwarder(int maxSessions)
{
    private const int BufferBytes = 16 * 1024;

    private readonly SessionLimit _sessions = new(maxSessions);

    public static bool IsUpgrade(HttpContext context) =>
        context.Request.Headers.Upgrade.Count > 0 && context.Features.Get<IHttpUpgradeFeature>()?.IsUpgradableRequest == true;

    /// <param name="context">The client's request.</param>
    /// <param name="client">Makes the connection to the target.</param>
    /// <param name="target">Path and query included.</param>
    /// <param name="root">Where the client sees the target's root: redirects within the target lead there. Null: none come.</param>
    /// <exception cref="StatusException">503: the target cannot be reached; 429: too many upgraded connections.</exception>
    public async Task ForwardAsync(HttpContext context, HttpMessageInvoker client, Uri target, string? root)
    {
        var upgrade = IsUpgrade(context);
        if (!upgrade)
        {
            await PassAsync(context, client, target, root, upgrade);
            return;
        }

        _sessions.Enter();
        try
        {
            await PassAsync(context, client, target, root, upgrade);
        }
        finally
        {
            _sessions.Leave();
        }
    }

    private static async Task PassAsync(HttpContext context, HttpMessageInvoker client, Uri target, string? root, bool upgrade)
    {
        using var request = Request(context, target, upgrade);
        using var response = await SendAsync(client, request, upgrade, context.RequestAborted);
        context.Response.StatusCode = (int)response.StatusCode;
        ForwardedHeaders.CopyResponse(response, context.Response, upgrade);
        if (upgrade && response.StatusCode == HttpStatusCode.SwitchingProtocols)
        {
            await using var there = await response.Content.ReadAsStreamAsync(context.RequestAborted);
            await using var here = await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
            await Tunnel.RunAsync(here, there, context.RequestAborted);
            return;
        }

        if (root is not null && response.Headers.Location is { } location)
            context.Response.Headers.Location = Redirect(location, target, root);
        await CopyBodyAsync(response, context);
    }

    private static HttpRequestMessage Request(HttpContext context, Uri target, bool upgrade)
    {
        var from = context.Request;
        var request = new HttpRequestMessage(new HttpMethod(from.Method), target)
        {
            Version = HttpVersion.Version11, VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        if (!upgrade && (from.ContentLength > 0 || from.Headers.TransferEncoding.Count > 0))
            request.Content = new StreamContent(from.Body);
        ForwardedHeaders.CopyRequest(from, request, upgrade);
        request.Headers.TryAddWithoutValidation("X-Forwarded-For", context.Connection.RemoteIpAddress?.ToString());
        request.Headers.TryAddWithoutValidation("X-Forwarded-Host", from.Host.Value);
        request.Headers.TryAddWithoutValidation("X-Forwarded-Proto", from.Scheme);
        request.Headers.TryAddWithoutValidation("X-Forwarded-Uri", from.Path.ToUriComponent());
        return request;
    }

    private static async Task<HttpResponseMessage> SendAsync(
        HttpMessageInvoker client, HttpRequestMessage request, bool upgrade, CancellationToken cancellationToken)
    {
        try
        {
            return await client.SendAsync(request, cancellationToken);
        }
        catch (Exception e) when (e is HttpRequestException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // The handler gives up on a place that does not answer by cancelling.
            var why = e is HttpRequestException ? (e.InnerException ?? e).Message : $"dial tcp {request.RequestUri?.Authority}: i/o timeout";
            throw upgrade ? StatusErrors.InternalError($"error dialing backend: {why}", e)
                : StatusErrors.ServiceUnavailable($"error trying to reach service: {why}");
        }
    }

    /// <summary>A redirect to a place of the target, as the client can reach it; any other stays as it is.</summary>
    private static string Redirect(Uri location, Uri target, string root)
    {
        var full = new Uri(target, location);
        return full.Authority == target.Authority && full.Scheme == target.Scheme ? root + full.PathAndQuery + full.Fragment : location.ToString();
    }

    /// <summary>Each piece is sent on at once: someone may be watching.</summary>
    private static async Task CopyBodyAsync(HttpResponseMessage response, HttpContext context)
    {
        var cancellationToken = context.RequestAborted;
        await context.Response.StartAsync(cancellationToken);
        await using var body = await response.Content.ReadAsStreamAsync(cancellationToken);
        var buffer = ArrayPool<byte>.Shared.Rent(BufferBytes);
        try
        {
            while (await body.ReadAsync(buffer, cancellationToken) is > 0 and var length)
            {
                await context.Response.Body.WriteAsync(buffer.AsMemory(0, length), cancellationToken);
                await context.Response.Body.FlushAsync(cancellationToken);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}

using System.Net.WebSockets;
using System.Security.Cryptography;
using System.Text;
using Cluster.Kubelet.Streaming.Spdy;
using Cluster.Kubelet.Streaming.WebSockets;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Cluster.Kubelet.Streaming;

/// <summary>Turns a request into a client's session, in either framing, or tells why not.</summary>
internal static class UpgradeRequest
{
    private const string SpdyProtocol = "SPDY/3.1";
    private const string VersionHeader = "X-Stream-Protocol-Version";
    private const string AcceptedHeader = "X-Accepted-Stream-Protocol-Versions";

    public static bool IsSpdy(HttpContext context) =>
        context.Features.Get<IHttpUpgradeFeature>()?.IsUpgradableRequest == true
        && context.Request.Headers.Upgrade.Any(value => string.Equals(value, SpdyProtocol, StringComparison.OrdinalIgnoreCase));

    /// <summary>The first version the client offers that is known; null, and the request answered: none is.</summary>
    /// <param name="context">The request.</param>
    /// <param name="known">What is spoken here.</param>
    /// <param name="old">What a client means that offers none.</param>
    public static async Task<string?> ChooseSpdyVersionAsync(HttpContext context, IReadOnlyList<string> known, string old)
    {
        var offered = Values(context, VersionHeader);
        if (offered.Count == 0) return old;
        if (offered.FirstOrDefault(known.Contains) is { } chosen) return chosen;
        foreach (var version in known) context.Response.Headers.Append(AcceptedHeader, version);
        await RefuseAsync(
            context, StatusCodes.Status403Forbidden,
            $"unable to upgrade: unable to negotiate protocol: client supports [{string.Join(' ', offered)}], server accepts [{string.Join(' ', known)}]");
        return null;
    }

    public static async Task<SpdySession> AcceptSpdyAsync(HttpContext context, string version, StreamingOptions options)
    {
        context.Response.Headers[VersionHeader] = version;
        context.Response.Headers.Upgrade = SpdyProtocol;
        var stream = await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
        return new SpdySession(stream, options, context.RequestAborted);
    }

    /// <summary>The protocol of channels that both sides speak; null, and the request answered: there is none.</summary>
    public static async Task<ChannelProtocol?> ChooseChannelsAsync(HttpContext context, IReadOnlyList<ChannelProtocol> known)
    {
        var asked = context.WebSockets.WebSocketRequestedProtocols;
        if (ChannelProtocol.Choose(known, asked) is { } protocol) return protocol;
        await RefuseAsync(
            context, StatusCodes.Status400BadRequest,
            $"requested protocol(s) are not supported: [{string.Join(' ', asked)}]; supports [{string.Join(' ', known.Select(candidate => candidate.Name))}]");
        return null;
    }

    public static async Task<ChannelSession> AcceptChannelsAsync(
        HttpContext context, ChannelProtocol protocol, int channels, StreamingOptions options)
    {
        var socket = await context.WebSockets.AcceptWebSocketAsync(Accept(protocol.Name, options));
        return new ChannelSession(socket, protocol, channels, options, context.RequestAborted);
    }

    /// <summary>SPDY inside a WebSocket's binary messages.</summary>
    /// <remarks>The handshake is made here: the library takes no subprotocol with a slash in its name.</remarks>
    public static async Task<SpdySession> AcceptTunnelAsync(HttpContext context, string subprotocol, StreamingOptions options)
    {
        var headers = context.Response.Headers;
        headers.Upgrade = "websocket";
        headers.SecWebSocketAccept = AcceptKey(context.Request.Headers.SecWebSocketKey.ToString());
        headers.SecWebSocketProtocol = subprotocol;
        var stream = await context.Features.GetRequiredFeature<IHttpUpgradeFeature>().UpgradeAsync();
        var socket = WebSocket.CreateFromStream(
            stream, new WebSocketCreationOptions { IsServer = true, KeepAliveInterval = options.KeepAlive });
        return new SpdySession(new TunnelStream(socket), options, context.RequestAborted);
    }

    public static Task RefuseAsync(HttpContext context, int code, string text)
    {
        context.Response.StatusCode = code;
        context.Response.ContentType = "text/plain; charset=utf-8";
        return context.Response.WriteAsync(text);
    }

    /// <summary>
    /// Unasked pongs keep the connection: a client whose input is not read, and whose pings therefore are not, goes on hearing of us.
    /// </summary>
    private static WebSocketAcceptContext Accept(string subprotocol, StreamingOptions options) =>
        new() { SubProtocol = subprotocol.Length == 0 ? null : subprotocol, KeepAliveInterval = options.KeepAlive };

    private static List<string> Values(HttpContext context, string header) =>
        [.. context.Request.Headers[header].SelectMany(
            value => (value ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))];

    /// <summary>The answer to the client's key: RFC 6455, section 4.2.2.</summary>
    private static string AcceptKey(string key)
    {
#pragma warning disable CA5350 // The RFC says SHA-1; it keeps no secret here.
        return Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11")));
#pragma warning restore CA5350
    }
}

using System.Buffers.Text;
using System.Text;
using Cluster.Api;
using Microsoft.AspNetCore.Http;

namespace Cluster.ApiServer.Authentication;

/// <summary>A browser's bearer token: pages set no header of a WebSocket but its subprotocols, so it comes as one that is none.</summary>
internal static class WebSocketToken
{
    /// <summary>What stands before the token, which follows in base64url without padding.</summary>
    public const string Prefix = "base64url.bearer.authorization.k8s.io.";

    private static readonly UTF8Encoding Strict = new(false, throwOnInvalidBytes: true);

    /// <summary>The token, which is then taken out of the request: no answer repeats it. Null: the request is no WebSocket, or has none.</summary>
    /// <exception cref="StatusException">401: there are several, it is no text, or no subprotocol is left for the answer to name.</exception>
    public static string? Take(HttpRequest request)
    {
        if (!request.Headers.Upgrade.ToString().Equals("websocket", StringComparison.OrdinalIgnoreCase))
            return null;
        List<string> protocols = [.. request.Headers.SecWebSocketProtocol.SelectMany(static value =>
            (value ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))];
        var tokens = protocols.FindAll(Is);
        if (tokens.Count == 0)
            return null;
        protocols.RemoveAll(Is);
        if (tokens.Count > 1 || protocols.Count == 0 || Decode(tokens[0][Prefix.Length..]) is not { } token)
            throw StatusErrors.Unauthorized();
        request.Headers.SecWebSocketProtocol = string.Join(", ", protocols);
        return token;
    }

    /// <summary>It is a token, and no subprotocol.</summary>
    public static bool Is(string protocol) => protocol.StartsWith(Prefix, StringComparison.Ordinal);

    private static string? Decode(string text)
    {
        try
        {
            return text.Length == 0 ? null : Strict.GetString(Base64Url.DecodeFromChars(text));
        }
        catch (Exception e) when (e is FormatException or DecoderFallbackException)
        {
            return null;
        }
    }
}

using System.Net.Http.Headers;
using Cluster.ApiServer.Authentication;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Primitives;

namespace Cluster.ApiServer.Proxy;

/// <summary>Which headers pass a proxy, and which are between two neighbours or between the client and this server alone.</summary>
internal static class ForwardedHeaders
{
    private const string Upgrade = "Upgrade";

    private static readonly HashSet<string> Neighbours = new(StringComparer.OrdinalIgnoreCase)
    {
        "Connection", "Keep-Alive", "Proxy-Authenticate", "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding",
        Upgrade,
    };

    // The target must never see who may do what here.
    private static readonly HashSet<string> Private = new(StringComparer.OrdinalIgnoreCase) { "Authorization", "Host" };

    public static void CopyRequest(HttpRequest from, HttpRequestMessage to, bool upgrade)
    {
        foreach (var (name, values) in from.Headers)
        {
            if (Neighbours.Contains(name) || Private.Contains(name) || name.StartsWith("Impersonate-", StringComparison.OrdinalIgnoreCase))
                continue;
            var passed = name.Equals("Sec-WebSocket-Protocol", StringComparison.OrdinalIgnoreCase) ? WithoutToken(values) : values;
            if (passed.Count > 0 && !to.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)passed))
                to.Content?.Headers.TryAddWithoutValidation(name, (IEnumerable<string?>)passed);
        }

        if (!upgrade)
            return;
        to.Headers.TryAddWithoutValidation("Connection", Upgrade);
        to.Headers.TryAddWithoutValidation(Upgrade, (IEnumerable<string?>)from.Headers.Upgrade);
    }

    public static void CopyResponse(HttpResponseMessage from, HttpResponse to, bool upgrade)
    {
        Copy(from.Headers, to);
        Copy(from.Content.Headers, to);
        if (upgrade && from.Headers.TryGetValues(Upgrade, out var protocols))
            to.Headers.Upgrade = protocols.ToArray();
    }

    private static void Copy(HttpHeaders from, HttpResponse to)
    {
        foreach (var (name, values) in from.NonValidated)
        {
            if (!Neighbours.Contains(name))
                to.Headers[name] = values.ToArray();
        }
    }

    private static StringValues WithoutToken(StringValues protocols)
    {
        var kept = protocols.SelectMany(value => (value ?? "").Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries))
            .Where(protocol => !protocol.StartsWith(WebSocketToken.Prefix, StringComparison.Ordinal)).ToList();
        return kept.Count == 0 ? StringValues.Empty : new StringValues(string.Join(", ", kept));
    }
}

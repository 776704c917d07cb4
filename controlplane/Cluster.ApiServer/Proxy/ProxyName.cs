using Cluster.Api;

namespace Cluster.ApiServer.Proxy;

/// <summary>What stands before <c>/proxy</c>: <c>NAME</c>, <c>NAME:PORT</c> or <c>SCHEME:NAME:PORT</c>.</summary>
/// <param name="Scheme">http, https or empty.</param>
/// <param name="Name">The object's name.</param>
/// <param name="Port">A number or a port's name; empty: not given.</param>
internal readonly record struct ProxyName(string Scheme, string Name, string Port)
{
    /// <exception cref="StatusException">400: not of that form.</exception>
    /// <param name="text">From the path.</param>
    /// <param name="kind">Lower case, for the message.</param>
    public static ProxyName Parse(string text, string kind)
    {
        ProxyName? parsed = text.Split(':') switch
        {
            [var name] => new("", name, ""),
            [var name, var port] => new("", name, port),
            ["" or "http" or "https", var name, var port] => new(text.Split(':')[0], name, port),
            _ => null,
        };
        return parsed is { Name.Length: > 0 } valid ? valid : throw StatusErrors.BadRequest($"invalid {kind} request {GoText.Quote(text)}");
    }

    /// <summary>The target's root.</summary>
    public Uri Root(string host, string port) => new UriBuilder(
        Scheme == "https" ? Uri.UriSchemeHttps : Uri.UriSchemeHttp, host, ParsePort(port)).Uri;

    private static int ParsePort(string port) =>
        port.Length == 0 ? -1
        : ushort.TryParse(port, System.Globalization.CultureInfo.InvariantCulture, out var number) && number > 0 ? number
        : throw StatusErrors.BadRequest($"invalid port {GoText.Quote(port)}");
}

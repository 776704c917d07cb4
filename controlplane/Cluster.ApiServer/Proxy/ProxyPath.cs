using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Cluster.ApiServer.Proxy;

/// <summary>The part of a request's path that is the target's: what follows <c>/proxy</c>, as the client wrote it.</summary>
internal static class ProxyPath
{
    /// <summary>With its slash in front; empty: the request ends with <c>/proxy</c> itself.</summary>
    public static string Of(HttpContext context)
    {
        var path = context.Request.Path.Value ?? "";
        var place = Place(path);
        var rest = path[place..];
        var raw = (context.Features.Get<IHttpRequestFeature>()?.RawTarget ?? "").Split('?')[0];

        // The server's path is decoded and cleaned; what follows is not ours to change. Where both don't agree, the one that was checked counts.
        var rawPlace = Place(raw);
        return rawPlace > 0 && Uri.UnescapeDataString(raw[..rawPlace]) == path[..place] ? raw[rawPlace..] : new PathString(rest.Length == 0 ? null : rest).ToUriComponent();
    }

    /// <summary>Where the target's part begins; 0: there is no such segment where it belongs.</summary>
    private static int Place(string path)
    {
        // /api/v1/namespaces/NS/pods/NAME/proxy or /api/v1/nodes/NAME/proxy.
        var segments = path.StartsWith("/api/v1/namespaces/", StringComparison.Ordinal) ? 7 : 5;
        var at = 0;
        for (var i = 0; i < segments; i++)
        {
            if (at >= path.Length || path[at] != '/')
                return 0;
            var next = path.IndexOf('/', at + 1);
            at = next < 0 ? path.Length : next;
        }

        return path.AsSpan(0, at).EndsWith("/proxy", StringComparison.Ordinal) ? at : 0;
    }
}

using Cluster.Api;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.Rest;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.Server.Kestrel.Core.Features;

namespace Cluster.ApiServer.Proxy;

/// <summary><c>RESOURCE/proxy</c>: any request goes on to where the object answers HTTP, upgrades included.</summary>
internal abstract class ProxyConnector(string resource, Forwarder forwarder) : IConnector
{
    public (string Resource, string Subresource) Path => (resource, "proxy");

    public async Task ConnectAsync(HttpContext context, RequestScope scope)
    {
        // The target's bodies are its own affair.
        if (context.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } limit)
            limit.MaxRequestBodySize = null;
        if (context.Features.Get<IHttpMinRequestBodyDataRateFeature>() is { } rate)
            rate.MinDataRate = null;
        var path = ProxyPath.Of(context);
        var (root, client) = await LocateAsync(scope, context.RequestAborted);
        var here = context.Request.Path.ToUriComponent();
        if (path.Length == 0 && !Forwarder.IsUpgrade(context) && (HttpMethods.IsGet(context.Request.Method) || HttpMethods.IsHead(context.Request.Method)))
        {
            // Relative links of the page would lead away from it.
            context.Response.Redirect(here + "/" + context.Request.QueryString, permanent: true);
            return;
        }

        var prefix = path.Length > 0 && here.EndsWith(path, StringComparison.Ordinal) ? here[..^path.Length] : here;
        var target = new Uri(root.GetLeftPart(UriPartial.Authority) + (path.Length == 0 ? "/" : path) + context.Request.QueryString);
        await forwarder.ForwardAsync(context, client, target, prefix);
    }

    /// <summary>Where it answers, and by whom it is called.</summary>
    protected abstract ValueTask<(Uri Root, HttpMessageInvoker Client)> LocateAsync(RequestScope scope, CancellationToken cancellationToken);
}

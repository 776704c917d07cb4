using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.Kubelets;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.Rest;
using Cluster.ApiServer.WatchCache;
using Microsoft.AspNetCore.Http;

namespace Cluster.ApiServer.Proxy;

/// <summary>
/// <c>pods/exec</c>, <c>pods/attach</c> and <c>pods/portforward</c>: the client's upgraded connection is led to the kubelet of the pod's
/// node, which speaks the client's framing.
/// </summary>
internal sealed class PodStreamConnector(string subresource, IObjectReader reader, KubeletClient kubelets, Forwarder forwarder) : IConnector
{
    public (string Resource, string Subresource) Path => ("pods", subresource);

    public async Task ConnectAsync(HttpContext context, RequestScope scope)
    {
        if (!HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsPost(context.Request.Method))
            throw StatusErrors.MethodNotAllowed();
        var pod = await reader.GetAsync<Pod>(scope.Namespace, scope.Name!, context.RequestAborted);
        var place = Place(pod, context.Request.Query);
        if (pod.Spec.NodeName.Length == 0)
            throw StatusErrors.BadRequest($"pod {pod.Metadata.Name} does not have a host assigned");
        if (!Forwarder.IsUpgrade(context))
            throw StatusErrors.BadRequest("Upgrade request required");
        var node = await reader.GetAsync<Node>(null, pod.Spec.NodeName, context.RequestAborted);
        var root = kubelets.AddressOf(node) ?? throw StatusErrors.InternalError("no preferred addresses found; known addresses: []");
        await forwarder.ForwardAsync(context, kubelets.Invoker, new Uri(root, place), root: null);
    }

    /// <summary>The kubelet's path and query.</summary>
    private string Place(Pod pod, IQueryCollection query)
    {
        var name = $"{Escape(pod.Metadata.Namespace)}/{Escape(pod.Metadata.Name)}";
        if (subresource == "portforward")
            return $"/portForward/{name}/{Escape(pod.Metadata.Uid)}" + Query(query["ports"].Select(port => ("port", port ?? "")));

        var container = PodContainer.Choose(pod, RequestOptions.Text(query, "container"));
        var commands = subresource == "exec" ? query["command"].Select(part => ("command", part ?? "")) : [];
        return $"/{subresource}/{name}/{Escape(pod.Metadata.Uid)}/{Escape(container)}" + Query(Flags(query).Concat(commands));
    }

    /// <summary>The same streams, under the kubelet's names.</summary>
    private static IEnumerable<(string Name, string Value)> Flags(IQueryCollection query)
    {
        foreach (var (ours, theirs) in ((string, string)[])[("stdin", "input"), ("stdout", "output"), ("stderr", "error"), ("tty", "tty")])
        {
            if (RequestOptions.IsSet(query, ours))
                yield return (theirs, "1");
        }
    }

    private static string Query(IEnumerable<(string Name, string Value)> parts)
    {
        var text = string.Join('&', parts.Select(part => $"{part.Name}={Escape(part.Value)}"));
        return text.Length == 0 ? "" : "?" + text;
    }

    private static string Escape(string text) => Uri.EscapeDataString(text);
}

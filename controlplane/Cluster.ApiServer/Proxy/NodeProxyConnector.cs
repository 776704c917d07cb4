using System.Globalization;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.Kubelets;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Proxy;

/// <summary><c>nodes/proxy</c>: the node's kubelet, as this server; or another port of the node, as nobody.</summary>
internal sealed class NodeProxyConnector(IObjectReader reader, KubeletClient kubelets, HttpMessageInvoker client, Forwarder forwarder)
    : ProxyConnector("nodes", forwarder)
{
    protected override async ValueTask<(Uri Root, HttpMessageInvoker Client)> LocateAsync(RequestScope scope, CancellationToken cancellationToken)
    {
        var name = ProxyName.Parse(scope.Name!, "node");
        var node = await reader.GetAsync<Node>(null, name.Name, cancellationToken);
        var kubelet = kubelets.AddressOf(node) ?? throw StatusErrors.InternalError("no preferred addresses found; known addresses: []");
        if (name.Port.Length == 0 || name.Port == kubelet.Port.ToString(CultureInfo.InvariantCulture))
            return (kubelet, kubelets.Invoker);
        return (name.Root(ProxyAddress.Check(kubelet.DnsSafeHost), name.Port), client);
    }
}

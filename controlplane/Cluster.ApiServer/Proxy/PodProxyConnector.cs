using System.Globalization;
using Cluster.Api.CoreV1;
using Cluster.ApiServer.Kubelets;
using Cluster.ApiServer.Registry;
using Cluster.ApiServer.WatchCache;

namespace Cluster.ApiServer.Proxy;

/// <summary><c>pods/proxy</c>: the pod's address, at the port that is named or its first one.</summary>
internal sealed class PodProxyConnector(IObjectReader reader, HttpMessageInvoker client, Forwarder forwarder) : ProxyConnector("pods", forwarder)
{
    protected override async ValueTask<(Uri Root, HttpMessageInvoker Client)> LocateAsync(RequestScope scope, CancellationToken cancellationToken)
    {
        var name = ProxyName.Parse(scope.Name!, "pod");
        var pod = await reader.GetAsync<Pod>(scope.Namespace, name.Name, cancellationToken);
        var port = name.Port.Length > 0 ? name.Port : FirstPort(pod);
        return (name.Root(ProxyAddress.Check(pod.Status?.PodIP), port), client);
    }

    private static string FirstPort(Pod pod) =>
        pod.Spec.Containers.FirstOrDefault(container => container.Ports.Count > 0)?.Ports[0].ContainerPort_.ToString(CultureInfo.InvariantCulture) ?? "";
}

using Cluster.Dataplane;

namespace Cluster.Proxy.Serving;

/// <summary>What a running data plane tells over HTTP.</summary>
internal static class DataplaneAnswers
{
    public static HttpResponse? For(string path, MetricsText metrics, NodeDataplane dataplane) => path switch
    {
        "/metrics" => HttpResponse.Text(200, metrics + BackendText.Of(dataplane.Directory.Current, dataplane.Sockets) + SocketText.Of(dataplane.Sockets)),
        "/paths" => HttpResponse.Text(200, PathText.Of(dataplane.Paths())),
        _ => null,
    };
}

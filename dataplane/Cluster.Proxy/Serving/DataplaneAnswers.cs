using Cluster.Dataplane;
using Cluster.Dataplane.Dns;
using Cluster.Dataplane.Handover;

namespace Cluster.Proxy.Serving;

/// <summary>What a running data plane tells over HTTP.</summary>
internal static class DataplaneAnswers
{
    public static HttpResponse? For(string path, MetricsText metrics, NodeDataplane dataplane, Succession succession) => path switch
    {
        "/metrics" => HttpResponse.Text(200, Metrics(metrics, dataplane, succession)),
        "/paths" => HttpResponse.Text(200, PathText.Of(dataplane.Paths())),
        _ => null,
    };

    private static string Metrics(MetricsText metrics, NodeDataplane dataplane, Succession succession)
    {
        var text = new PrometheusText();
        metrics.AddTo(text);
        BackendText.AddTo(text, dataplane.Directory, dataplane.Sockets, LeftText.Sum(succession.WhatIsLeft()));
        ServiceText.AddTo(text, dataplane.Directory.Current);
        SocketText.AddTo(text, dataplane.Sockets);
        NatText.AddTo(text, dataplane.Refusals);
        text.Family("dns_request_duration_seconds", "histogram", "Time from the receipt of a DNS query to its answer");
        text.Histogram("dns_request_duration_seconds", "", DnsServer.Durations());
        return text.ToString();
    }
}

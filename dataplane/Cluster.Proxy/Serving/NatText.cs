using Cluster.Dataplane.Linux.Nftables.Nat;

namespace Cluster.Proxy.Serving;

/// <summary>Writes what the kernel counts in the mode nftables in the Prometheus text format.</summary>
internal static class NatText
{
    public static void AddTo(PrometheusText text, NatRefusals? refusals)
    {
        if (refusals is not { } refused) return;
        text.Family("dataplane_nftables_refused_packets_total", "counter", "Packets refused by the rules of the mode nftables since they were made, by reason");
        text.Sample("dataplane_nftables_refused_packets_total", "reason=\"no_backend\"", refused.NoBackend);
        text.Sample("dataplane_nftables_refused_packets_total", "reason=\"source_refused\"", refused.SourceRefused);
    }
}

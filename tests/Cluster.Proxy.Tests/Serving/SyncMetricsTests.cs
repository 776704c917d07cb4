using Cluster.Proxy.Serving;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Proxy.Tests.Serving;

public sealed class SyncMetricsTests
{
    [Fact]
    public void ToString_AfterASync_TellsItByKubeProxysNames()
    {
        var time = new FakeTimeProvider(DateTimeOffset.FromUnixTimeSeconds(1000));
        var metrics = new SyncMetrics(time);
        metrics.ServiceChanged();
        metrics.EndpointsChanged();
        metrics.EndpointsChanged();
        metrics.Synced(TimeSpan.FromMilliseconds(3), [time.GetUtcNow().AddSeconds(-1.5)]);

        var lines = metrics.ToString().Split('\n');
        Assert.Contains("kubeproxy_sync_proxy_rules_duration_seconds_bucket{le=\"0.002\"} 0", lines);
        Assert.Contains("kubeproxy_sync_proxy_rules_duration_seconds_bucket{le=\"0.004\"} 1", lines);
        Assert.Contains("kubeproxy_sync_proxy_rules_duration_seconds_bucket{le=\"+Inf\"} 1", lines);
        Assert.Contains("kubeproxy_sync_proxy_rules_duration_seconds_sum 0.003", lines);
        Assert.Contains("kubeproxy_network_programming_duration_seconds_bucket{le=\"1\"} 0", lines);
        Assert.Contains("kubeproxy_network_programming_duration_seconds_bucket{le=\"2\"} 1", lines);
        Assert.Contains("kubeproxy_network_programming_duration_seconds_count 1", lines);
        Assert.Contains("kubeproxy_sync_proxy_rules_service_changes_total 1", lines);
        Assert.Contains("kubeproxy_sync_proxy_rules_endpoint_changes_total 2", lines);
        Assert.Contains("kubeproxy_sync_proxy_rules_last_timestamp_seconds 1000", lines);
    }
}

using System.Globalization;
using System.Text;

namespace Cluster.Proxy.Serving;

/// <summary>What kube-proxy tells of its syncs, by the same names and buckets: how long a change takes to come into effect, and how many there were.</summary>
/// <remarks>A sync here is the translation and publication of the services that changed; there are no rules that would be written anew. Any thread.</remarks>
internal sealed class SyncMetrics(TimeProvider time)
{
    private readonly BucketCounts _syncs = new(
        "kubeproxy_sync_proxy_rules_duration_seconds", "How long it took to bring changes into effect", [.. Enumerable.Range(0, 15).Select(power => 0.001 * (1 << power))]);

    private readonly BucketCounts _programming = new(
        "kubeproxy_network_programming_duration_seconds",
        "How long after a change of pods or services it was in effect on this node",
        [0.25, 0.5, .. Steps(1, 1, 59), .. Steps(60, 5, 12), .. Steps(120, 30, 7)]);

    private long _serviceChanges;
    private long _endpointChanges;
    private double _lastQueued;
    private double _lastSync;

    public void ServiceChanged() => Changed(ref _serviceChanges);

    public void EndpointsChanged() => Changed(ref _endpointChanges);

    /// <summary>Changes are in effect.</summary>
    /// <param name="took">From taking them up.</param>
    /// <param name="triggers">When each of the changes that tells it was caused.</param>
    public void Synced(TimeSpan took, IEnumerable<DateTimeOffset> triggers)
    {
        var now = time.GetUtcNow();
        _syncs.Observe(took.TotalSeconds);
        foreach (var trigger in triggers) _programming.Observe(Math.Max(0, (now - trigger).TotalSeconds));
        Volatile.Write(ref _lastSync, Seconds(now));
    }

    public override string ToString()
    {
        var text = new StringBuilder();
        _syncs.AppendTo(text);
        _programming.AppendTo(text);
        Append(text, "kubeproxy_sync_proxy_rules_service_changes_total", "counter", "Changes of Services", Volatile.Read(ref _serviceChanges));
        Append(text, "kubeproxy_sync_proxy_rules_endpoint_changes_total", "counter", "Changes of EndpointSlices", Volatile.Read(ref _endpointChanges));
        Append(text, "kubeproxy_sync_proxy_rules_last_queued_timestamp_seconds", "gauge", "When a change was last noted", Volatile.Read(ref _lastQueued));
        Append(text, "kubeproxy_sync_proxy_rules_last_timestamp_seconds", "gauge", "When changes last came into effect", Volatile.Read(ref _lastSync));
        return text.ToString();
    }

    private void Changed(ref long counter)
    {
        Interlocked.Increment(ref counter);
        Volatile.Write(ref _lastQueued, Seconds(time.GetUtcNow()));
    }

    private static void Append(StringBuilder text, string name, string type, string help, double value) =>
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {help}\n# TYPE {name} {type}\n{name} {value}\n");

    private static double Seconds(DateTimeOffset moment) => moment.ToUnixTimeMilliseconds() / 1000.0;

    private static IEnumerable<double> Steps(double first, double step, int count) => Enumerable.Range(0, count).Select(index => first + (step * index));
}

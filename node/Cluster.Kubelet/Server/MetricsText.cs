using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using Cluster.Containers;
using Cluster.Kubelet.Lifecycle;
using Microsoft.AspNetCore.Http;

namespace Cluster.Kubelet.Server;

/// <summary>GET /metrics: this project's instruments, and what runs here, in Prometheus' text form and by the names of Kubernetes' kubelet.</summary>
internal static class MetricsText
{
    private static readonly ConcurrentDictionary<string, Measured> Instruments = new();
    private static readonly MeterListener Listener = Listen();

    /// <param name="context">The request.</param>
    /// <param name="node">This node's name.</param>
    /// <param name="observer">What runs.</param>
    public static async Task WriteAsync(HttpContext context, string node, ContainerObserver observer)
    {
        Listener.RecordObservableInstruments();
        var text = new StringBuilder();
        foreach (var (name, measured) in Instruments.OrderBy(pair => pair.Key, StringComparer.Ordinal))
            measured.AppendTo(text, name);
        AppendNode(text, node, observer);
        context.Response.ContentType = "text/plain; version=0.0.4";
        await context.Response.WriteAsync(text.ToString(), context.RequestAborted);
    }

    private static void AppendNode(StringBuilder text, string node, ContainerObserver observer)
    {
        var pods = observer.PodUids.Select(observer.Get).ToList();
        text.Append(CultureInfo.InvariantCulture, $"# TYPE kubelet_node_name gauge\nkubelet_node_name{{node=\"{node}\"}} 1\n");
        text.Append(CultureInfo.InvariantCulture, $"# TYPE kubelet_running_pods gauge\nkubelet_running_pods {pods.Count(containers => containers.Any(one => one.State == ContainerRunState.Running))}\n");
        text.Append("# TYPE kubelet_running_containers gauge\n");
        foreach (var state in Enum.GetValues<ContainerRunState>())
        {
            var count = pods.Sum(containers => containers.Count(one => one.State == state));
            text.Append(CultureInfo.InvariantCulture, $"kubelet_running_containers{{container_state=\"{state.ToString().ToLowerInvariant()}\"}} {count}\n");
        }
    }

    private static MeterListener Listen()
    {
        var listener = new MeterListener { InstrumentPublished = static (instrument, own) => Enable(instrument, own) };
        listener.SetMeasurementEventCallback<long>(static (_, value, _, measured) => ((Measured)measured!).Add(value));
        listener.SetMeasurementEventCallback<double>(static (_, value, _, measured) => ((Measured)measured!).Add(value));
        listener.Start();
        return listener;
    }

    private static void Enable(Instrument instrument, MeterListener listener)
    {
        if (instrument.Meter != KubeletMetrics.Meter) return;
        listener.EnableMeasurementEvents(instrument, Instruments.GetOrAdd(
            instrument.Name, static (_, buckets) => new Measured(buckets), (instrument as Histogram<double>)?.Advice?.HistogramBucketBoundaries?.ToArray()));
    }

    /// <summary>The sums of one instrument.</summary>
    /// <param name="buckets">Of a histogram, their upper bounds; null: a counter.</param>
    private sealed class Measured(double[]? buckets)
    {
        private readonly long[] _counts = new long[buckets?.Length ?? 0];
        private long _count;
        private double _sum;

        public void Add(double value)
        {
            lock (_counts)
            {
                _sum += value;
                _count++;
                for (var i = 0; i < _counts.Length; i++)
                    _counts[i] += value <= buckets![i] ? 1 : 0;
            }
        }

        public void AppendTo(StringBuilder text, string name)
        {
            lock (_counts)
            {
                if (buckets is null)
                {
                    text.Append(CultureInfo.InvariantCulture, $"# TYPE {name} counter\n{name} {_sum}\n");
                    return;
                }

                text.Append(CultureInfo.InvariantCulture, $"# TYPE {name} histogram\n");
                for (var i = 0; i < _counts.Length; i++)
                    text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{le=\"{buckets[i]}\"}} {_counts[i]}\n");
                text.Append(CultureInfo.InvariantCulture, $"{name}_bucket{{le=\"+Inf\"}} {_count}\n{name}_sum {_sum}\n{name}_count {_count}\n");
            }
        }
    }
}

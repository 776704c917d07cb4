using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Cluster.Kubelet.Server;

/// <summary>GET /metrics: the sums of this project's instruments in Prometheus' text form.</summary>
internal static class MetricsText
{
    private static readonly ConcurrentDictionary<string, (double Sum, long Count, bool IsHistogram)> Sums = new();
    private static readonly MeterListener Listener = Listen();

    public static async Task WriteAsync(HttpContext context)
    {
        Listener.RecordObservableInstruments();
        var text = new StringBuilder();
        foreach (var (name, value) in Sums.OrderBy(pair => pair.Key, StringComparer.Ordinal))
        {
            var sum = value.Sum.ToString(CultureInfo.InvariantCulture);
            text.Append(value.IsHistogram
                ? $"# TYPE {name} summary\n{name}_sum {sum}\n{name}_count {value.Count}\n"
                : $"# TYPE {name} counter\n{name} {sum}\n");
        }

        context.Response.ContentType = "text/plain; version=0.0.4";
        await context.Response.WriteAsync(text.ToString(), context.RequestAborted);
    }

    private static MeterListener Listen()
    {
        var listener = new MeterListener { InstrumentPublished = static (instrument, own) => Enable(instrument, own) };
        listener.SetMeasurementEventCallback<long>(static (instrument, value, _, _) => Add(instrument, value));
        listener.SetMeasurementEventCallback<double>(static (instrument, value, _, _) => Add(instrument, value));
        listener.Start();
        return listener;
    }

    private static void Enable(Instrument instrument, MeterListener listener)
    {
        if (instrument.Meter != KubeletMetrics.Meter) return;
        Sums.TryAdd(instrument.Name, (0, 0, instrument is Histogram<double>));
        listener.EnableMeasurementEvents(instrument);
    }

    private static void Add(Instrument instrument, double value) => Sums.AddOrUpdate(
        instrument.Name, (value, 1, instrument is Histogram<double>), (_, before) =>
            (before.Sum + value, before.Count + 1, before.IsHistogram));
}

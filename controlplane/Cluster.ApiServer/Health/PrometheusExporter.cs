using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;
using Microsoft.AspNetCore.Http;

namespace Cluster.ApiServer.Health;

/// <summary>Collects what our meters measure and writes it as Prometheus text. One a process; made before the measuring starts.</summary>
/// <remarks>
/// Safe for concurrent use. A measurement costs a look-up of its tags and an addition, and allocates only for tags not seen before.
/// </remarks>
public sealed class PrometheusExporter : IDisposable
{
    public const string ContentType = "text/plain; version=0.0.4; charset=utf-8";

    private readonly MeterListener _listener = new();
    private readonly ConcurrentDictionary<string, MetricFamily> _families = new(StringComparer.Ordinal);

    /// <summary>Collects from every meter whose name starts so.</summary>
    public PrometheusExporter(string meterPrefix = "Cluster.")
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (instrument.Meter.Name.StartsWith(meterPrefix, StringComparison.Ordinal))
                listener.EnableMeasurementEvents(instrument, _families.GetOrAdd(instrument.Name, _ => MetricFamily.Of(instrument)));
        };
        _listener.SetMeasurementEventCallback<double>((_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<long>((_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.SetMeasurementEventCallback<int>((_, value, tags, family) => ((MetricFamily)family!).Record(value, tags));
        _listener.Start();
        ProcessMetrics.Start();
    }

    /// <summary>Everything measured so far, in the text format of Prometheus.</summary>
    public string Export()
    {
        _listener.RecordObservableInstruments();
        var text = new StringBuilder();
        foreach (var (_, family) in _families.OrderBy(family => family.Key, StringComparer.Ordinal))
            family.Write(text);
        return text.ToString();
    }

    /// <summary>Answers <c>/metrics</c>.</summary>
    public Task WriteAsync(HttpContext context)
    {
        context.Response.ContentType = ContentType;
        return context.Response.WriteAsync(Export(), context.RequestAborted);
    }

    public void Dispose() => _listener.Dispose();
}

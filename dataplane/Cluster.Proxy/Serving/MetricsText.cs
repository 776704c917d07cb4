using System.Diagnostics.Metrics;
using System.Globalization;
using System.Text;

namespace Cluster.Proxy.Serving;

/// <summary>Gathers this product's instruments and writes them in the Prometheus text format.</summary>
/// <remarks>Counters and gauges by value, histograms as sum and count. Recording takes a lock for a moment; the hot paths record rarely.</remarks>
public sealed class MetricsText : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, Instrument> _instruments = new(StringComparer.Ordinal);
    private readonly SortedDictionary<(string Name, string Labels), (double Sum, long Count)> _values = [];

    public MetricsText()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (!instrument.Meter.Name.StartsWith("Cluster.", StringComparison.Ordinal)) return;
            lock (_lock) _instruments[instrument.Name] = instrument;
            listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<int>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Record(instrument, value, tags));
        _listener.Start();
    }

    public override string ToString()
    {
        _listener.RecordObservableInstruments();
        var text = new StringBuilder();
        lock (_lock)
        {
            foreach (var (name, instrument) in _instruments) AppendLocked(text, name, instrument);
        }

        return text.ToString();
    }

    public void Dispose() => _listener.Dispose();

    private void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = tags.Length == 0 ? "" : Labels(tags);
        lock (_lock)
        {
            var (sum, count) = _values.GetValueOrDefault((instrument.Name, labels));
            _values[(instrument.Name, labels)] = (instrument.IsObservable ? value : sum + value, count + 1);
        }
    }

    private void AppendLocked(StringBuilder text, string name, Instrument instrument)
    {
        var type = TypeOf(instrument);
        text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {instrument.Description}\n# TYPE {name} {type}\n");
        foreach (var (key, (sum, count)) in _values)
        {
            if (key.Name != name) continue;
            if (type == "summary") text.Append(CultureInfo.InvariantCulture, $"{name}_sum{key.Labels} {sum}\n{name}_count{key.Labels} {count}\n");
            else text.Append(CultureInfo.InvariantCulture, $"{name}{key.Labels} {sum}\n");
        }
    }

    private static string TypeOf(Instrument instrument) => instrument switch
    {
        Counter<long> or Counter<int> or Counter<double> or ObservableCounter<long> or ObservableCounter<double> => "counter",
        Histogram<double> or Histogram<long> => "summary",
        _ => "gauge",
    };

    private static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var text = new StringBuilder("{");
        foreach (var (key, value) in tags)
        {
            var escaped = $"{value}".Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
            text.Append(text.Length > 1 ? "," : "").Append(CultureInfo.InvariantCulture, $"{key}=\"{escaped}\"");
        }

        return text.Append('}').ToString();
    }
}

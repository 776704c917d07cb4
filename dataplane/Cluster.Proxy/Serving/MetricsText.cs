using System.Diagnostics.Metrics;
using Cluster.Dataplane.Net;

namespace Cluster.Proxy.Serving;

/// <summary>Gathers this product's instruments and writes them in the Prometheus text format.</summary>
/// <remarks>
/// Histograms that name their buckets are written as such, others as sum and count. Recording takes a lock for a moment; the hot paths
/// record rarely.
/// </remarks>
public sealed class MetricsText : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, Instrument> _instruments = new(StringComparer.Ordinal);
    private readonly SortedDictionary<(string Name, string Labels), Series> _values = [];

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
        var text = new PrometheusText();
        AddTo(text);
        return text.ToString();
    }

    public void Dispose() => _listener.Dispose();

    /// <summary>Writes what every instrument holds now.</summary>
    internal void AddTo(PrometheusText text)
    {
        _listener.RecordObservableInstruments();
        lock (_lock)
        {
            foreach (var (name, instrument) in _instruments) AppendLocked(text, name, instrument);
        }
    }

    private void Record(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = PrometheusText.Labels(tags);
        lock (_lock)
        {
            if (!_values.TryGetValue((instrument.Name, labels), out var series)) _values[(instrument.Name, labels)] = series = new Series(BoundsOf(instrument));
            series.Record(value, adds: !instrument.IsObservable);
        }
    }

    private void AppendLocked(PrometheusText text, string name, Instrument instrument)
    {
        var type = TypeOf(instrument);
        text.Family(name, type, instrument.Description);
        foreach (var (key, series) in _values)
        {
            if (key.Name != name) continue;
            if (type == "histogram")
            {
                text.Histogram(name, key.Labels, series.Snapshot());
            }
            else if (type == "summary")
            {
                text.Sample($"{name}_sum", key.Labels, series.Sum);
                text.Sample($"{name}_count", key.Labels, series.Count);
            }
            else
            {
                text.Sample(name, key.Labels, series.Sum);
            }
        }
    }

    private static string TypeOf(Instrument instrument) => instrument switch
    {
        Counter<long> or Counter<int> or Counter<double> or ObservableCounter<long> or ObservableCounter<double> => "counter",
        Histogram<double> or Histogram<long> => BoundsOf(instrument).Count > 0 ? "histogram" : "summary",
        _ => "gauge",
    };

    private static IReadOnlyList<double> BoundsOf(Instrument instrument) => (instrument as Histogram<double>)?.Advice?.HistogramBucketBoundaries ?? [];

    /// <summary>What one instrument recorded under one set of labels.</summary>
    private sealed class Series(IReadOnlyList<double> bounds)
    {
        private readonly long[] _buckets = new long[bounds.Count + 1];

        public double Sum { get; private set; }

        public long Count { get; private set; }

        public void Record(double value, bool adds)
        {
            Sum = adds ? Sum + value : value;
            Count++;
            var bucket = 0;
            while (bucket < bounds.Count && value > bounds[bucket]) bucket++;
            _buckets[bucket]++;
        }

        public HistogramSnapshot Snapshot() => new(bounds, [.. _buckets], Sum);
    }
}

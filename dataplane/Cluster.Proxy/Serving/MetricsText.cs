using System.Diagnostics.Metrics;

namespace Cluster.Proxy.Serving;

/// <summary>Gathers this product's instruments and writes them in the Prometheus text format.</summary>
/// <remarks>
/// Histograms that name their buckets are written as such, others as sum and count. What the hot paths count, whole numbers without tags, costs one
/// atomic addition and allocates nothing; all else takes its instrument's lock for a moment.
/// </remarks>
public sealed class MetricsText : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, InstrumentValues> _instruments = new(StringComparer.Ordinal);

    public MetricsText()
    {
        _listener.InstrumentPublished = (instrument, listener) =>
        {
            if (!instrument.Meter.Name.StartsWith("Cluster.", StringComparison.Ordinal)) return;
            listener.EnableMeasurementEvents(instrument, ValuesOf(instrument));
        };
        _listener.SetMeasurementEventCallback<long>(static (_, value, tags, state) => ((InstrumentValues)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<int>(static (_, value, tags, state) => ((InstrumentValues)state!).Record(value, tags));
        _listener.SetMeasurementEventCallback<double>(static (_, value, tags, state) => ((InstrumentValues)state!).Record(value, tags));
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
            foreach (var values in _instruments.Values) values.AddTo(text);
        }
    }

    // Instruments of one name are one family.
    private InstrumentValues ValuesOf(Instrument instrument)
    {
        lock (_lock)
        {
            if (!_instruments.TryGetValue(instrument.Name, out var values)) _instruments[instrument.Name] = values = new InstrumentValues(instrument);
            return values;
        }
    }
}

using System.Diagnostics.Metrics;
using Cluster.Dataplane.Net;

namespace Cluster.Proxy.Serving;

/// <summary>What an instrument has recorded, by its tags. Written by any thread; read by one.</summary>
internal sealed class InstrumentValues(Instrument instrument)
{
    private readonly IReadOnlyList<double> _bounds = BoundsOf(instrument);
    private readonly Lock _lock = new();
    private readonly SortedDictionary<string, Series> _series = new(StringComparer.Ordinal);

    // Of a counter without tags, beside the series: no lock.
    private readonly bool _isCounter = instrument is Counter<long> or Counter<int> or UpDownCounter<long> or UpDownCounter<int>;
    private long _count;
    private bool _isCounted;

    public void Record(long value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (!_isCounter || !tags.IsEmpty)
        {
            Record((double)value, tags);
            return;
        }

        Interlocked.Add(ref _count, value);
        Volatile.Write(ref _isCounted, true);
    }

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var labels = PrometheusText.Labels(tags);
        lock (_lock)
        {
            if (!_series.TryGetValue(labels, out var series)) _series[labels] = series = new Series(_bounds);
            series.Record(value, adds: !instrument.IsObservable);
        }
    }

    /// <summary>Writes the family.</summary>
    public void AddTo(PrometheusText text)
    {
        var type = TypeOf();
        text.Family(instrument.Name, type, instrument.Description);
        if (Volatile.Read(ref _isCounted)) text.Sample(instrument.Name, "", Interlocked.Read(ref _count));
        lock (_lock)
        {
            foreach (var (labels, series) in _series) AddTo(text, type, labels, series);
        }
    }

    private void AddTo(PrometheusText text, string type, string labels, Series series)
    {
        if (type == "histogram")
        {
            text.Histogram(instrument.Name, labels, series.Snapshot());
        }
        else if (type == "summary")
        {
            text.Sample($"{instrument.Name}_sum", labels, series.Sum);
            text.Sample($"{instrument.Name}_count", labels, series.Count);
        }
        else
        {
            text.Sample(instrument.Name, labels, series.Sum);
        }
    }

    private string TypeOf() => instrument switch
    {
        Counter<long> or Counter<int> or Counter<double> or ObservableCounter<long> or ObservableCounter<double> => "counter",
        Histogram<double> or Histogram<long> => _bounds.Count > 0 ? "histogram" : "summary",
        _ => "gauge",
    };

    private static IReadOnlyList<double> BoundsOf(Instrument instrument) => (instrument as Histogram<double>)?.Advice?.HistogramBucketBoundaries ?? [];

    /// <summary>What was recorded under one set of labels.</summary>
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

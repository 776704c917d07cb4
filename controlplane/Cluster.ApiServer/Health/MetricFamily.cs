using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using System.Text;

namespace Cluster.ApiServer.Health;

/// <summary>One instrument with a series for each combination of tags seen. Safe for concurrent use.</summary>
internal sealed class MetricFamily
{
    private static readonly double[] DefaultBounds = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

    private readonly string _name;
    private readonly string _help;
    private readonly string _type;
    private readonly Func<MetricSeries> _create;
    private readonly ConcurrentDictionary<string, MetricSeries> _series = new(StringComparer.Ordinal);
    private readonly ConcurrentDictionary<string, MetricSeries>.AlternateLookup<ReadOnlySpan<char>> _byLabels;

    private MetricFamily(string name, string? help, string type, Func<MetricSeries> create)
    {
        (_name, _help, _type, _create) = (name.Replace('.', '_').Replace('-', '_'), help ?? "", type, create);
        _byLabels = _series.GetAlternateLookup<ReadOnlySpan<char>>();
    }

    public static MetricFamily Of(Instrument instrument)
    {
        var kind = instrument.GetType().IsGenericType ? instrument.GetType().GetGenericTypeDefinition() : instrument.GetType();
        if (kind == typeof(Histogram<>))
        {
            double[] bounds = [.. (instrument as Histogram<double>)?.Advice?.HistogramBucketBoundaries ?? DefaultBounds];
            return new(instrument.Name, instrument.Description, "histogram", () => new MetricSeries(bounds));
        }

        if (kind == typeof(Counter<>))
            return new(instrument.Name, instrument.Description, "counter", () => new MetricSeries(adds: true));
        if (kind == typeof(UpDownCounter<>))
            return new(instrument.Name, instrument.Description, "gauge", () => new MetricSeries(adds: true));
        // Observable instruments and gauges tell their whole value each time.
        var type = kind == typeof(ObservableCounter<>) ? "counter" : "gauge";
        return new(instrument.Name, instrument.Description, type, () => new MetricSeries(adds: false));
    }

    public void Record(double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        Span<char> buffer = stackalloc char[512];
        var labels = LabelText.Write(tags, buffer);
        if (!_byLabels.TryGetValue(labels, out var series))
            series = _series.GetOrAdd(labels.ToString(), _ => _create());
        series.Record(value);
    }

    public void Write(StringBuilder text)
    {
        if (_help.Length > 0)
            text.Append("# HELP ").Append(_name).Append(' ').Append(_help).Append('\n');
        text.Append("# TYPE ").Append(_name).Append(' ').Append(_type).Append('\n');
        foreach (var (labels, series) in _series.OrderBy(series => series.Key, StringComparer.Ordinal))
            series.Write(text, _name, labels);
    }
}

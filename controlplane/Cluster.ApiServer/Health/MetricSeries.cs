using System.Globalization;
using System.Text;

namespace Cluster.ApiServer.Health;

/// <summary>One line of a metric, or the buckets of one histogram. Safe for concurrent use.</summary>
internal sealed class MetricSeries
{
    private readonly Lock _lock = new();
    private readonly bool _adds;
    private readonly double[]? _bounds;
    private readonly long[] _buckets;
    private double _value;
    private long _count;

    /// <param name="adds">Measurements are changes; false: each is the whole value.</param>
    public MetricSeries(bool adds) => (_adds, _buckets) = (adds, []);

    /// <summary>A histogram with these upper bounds, ascending.</summary>
    public MetricSeries(double[] bounds) => (_adds, _bounds, _buckets) = (true, bounds, new long[bounds.Length]);

    public void Record(double value)
    {
        lock (_lock)
        {
            _value = _adds ? _value + value : value;
            if (_bounds is null)
                return;
            _count++;
            var bucket = 0;
            while (bucket < _bounds.Length && value > _bounds[bucket])
                bucket++;
            if (bucket < _buckets.Length)
                _buckets[bucket]++;
        }
    }

    public void Write(StringBuilder text, string name, string labels)
    {
        lock (_lock)
        {
            if (_bounds is null)
                Line(text, name, "", labels, _value);
            else
                WriteHistogramLocked(text, name, labels, _bounds);
        }
    }

    private void WriteHistogramLocked(StringBuilder text, string name, string labels, double[] bounds)
    {
        var comma = labels.Length > 0 ? "," : "";
        var below = 0L;
        for (var i = 0; i < bounds.Length; i++)
        {
            below += _buckets[i];
            Line(text, name, "_bucket", $"{labels}{comma}le=\"{bounds[i].ToString(CultureInfo.InvariantCulture)}\"", below);
        }

        Line(text, name, "_bucket", $"{labels}{comma}le=\"+Inf\"", _count);
        Line(text, name, "_sum", labels, _value);
        Line(text, name, "_count", labels, _count);
    }

    private static void Line(StringBuilder text, string name, string suffix, string labels, double value)
    {
        text.Append(name).Append(suffix);
        if (labels.Length > 0)
            text.Append('{').Append(labels).Append('}');
        text.Append(' ').Append(value.ToString(CultureInfo.InvariantCulture)).Append('\n');
    }
}

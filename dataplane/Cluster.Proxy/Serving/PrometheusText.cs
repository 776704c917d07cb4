using System.Globalization;
using System.Text;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Proxy.Serving;

/// <summary>Writes metrics in the Prometheus text format, version 0.0.4: families one after the other, each followed by its samples. Used by one thread.</summary>
internal sealed class PrometheusText
{
    private readonly StringBuilder _text = new();

    /// <summary>Begins a family.</summary>
    /// <param name="name">Its name, which those of its samples begin with.</param>
    /// <param name="type">counter, gauge, histogram or summary.</param>
    /// <param name="help">What it tells.</param>
    public void Family(string name, string type, string? help) =>
        _text.Append(CultureInfo.InvariantCulture, $"# HELP {name} {Escape(help ?? "", quotes: false)}\n# TYPE {name} {type}\n");

    /// <param name="labels">Those <see cref="Labels(ReadOnlySpan{KeyValuePair{string, object}})"/> made, without braces; empty for none.</param>
    public void Sample(string name, string labels, double value) =>
        _text.Append(name).Append(labels.Length == 0 ? "" : $"{{{labels}}}").Append(CultureInfo.InvariantCulture, $" {value}\n");

    /// <summary>All samples of one histogram: buckets that hold what the ones below hold too, sum and count.</summary>
    public void Histogram(string name, string labels, HistogramSnapshot histogram)
    {
        long total = 0;
        for (int i = 0; i < histogram.Counts.Count; i++)
        {
            total += histogram.Counts[i];
            var bound = i < histogram.Bounds.Count ? histogram.Bounds[i].ToString("0.######", CultureInfo.InvariantCulture) : "+Inf";
            Sample($"{name}_bucket", $"{labels}{(labels.Length > 0 ? "," : "")}le=\"{bound}\"", total);
        }

        Sample($"{name}_sum", labels, histogram.Sum);
        Sample($"{name}_count", labels, total);
    }

    public override string ToString() => _text.ToString();

    /// <summary>Tags as labels.</summary>
    public static string Labels(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var text = new StringBuilder();
        foreach (var (key, value) in tags)
            text.Append(text.Length > 0 ? "," : "").Append(CultureInfo.InvariantCulture, $"{key}=\"{Escape($"{value}", quotes: true)}\"");
        return text.ToString();
    }

    /// <summary>The labels of a service port.</summary>
    public static string Labels(ServicePortId id) => $"service=\"{Escape(id.Name, quotes: true)}\",protocol=\"{(id.Protocol == ServiceProtocol.Tcp ? "TCP" : "UDP")}\"";

    private static string Escape(string text, bool quotes)
    {
        var escaped = text.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal);
        return quotes ? escaped.Replace("\"", "\\\"", StringComparison.Ordinal) : escaped;
    }
}

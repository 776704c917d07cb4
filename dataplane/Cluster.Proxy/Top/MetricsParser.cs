using System.Globalization;
using System.Text;

namespace Cluster.Proxy.Top;

/// <summary>Reads the Prometheus text format; lines that are none are passed over, for what comes over a network may be anything.</summary>
internal static class MetricsParser
{
    private static readonly Dictionary<string, string> NoLabels = [];

    public static List<MetricSample> Parse(string text)
    {
        var samples = new List<MetricSample>();
        foreach (var line in text.AsSpan().EnumerateLines())
            if (line.Length > 0 && line[0] != '#' && ParseLine(line) is { } sample) samples.Add(sample);
        return samples;
    }

    private static MetricSample? ParseLine(ReadOnlySpan<char> line)
    {
        var end = line.IndexOfAny('{', ' ');
        if (end <= 0) return null;
        var name = line[..end].ToString();
        var labels = NoLabels;
        var rest = line[end..];
        if (rest[0] == '{' && !TryLabels(ref rest, out labels)) return null;
        rest = rest.Trim();
        var value = rest.IndexOf(' ') is var space and > 0 ? rest[..space] : rest;
        return double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? new MetricSample(name, labels, number) : null;
    }

    private static bool TryLabels(ref ReadOnlySpan<char> rest, out Dictionary<string, string> labels)
    {
        labels = [];
        rest = rest[1..];
        while (rest.Length > 0 && rest[0] != '}')
        {
            rest = rest.TrimStart(", ");
            var equals = rest.IndexOf("=\"", StringComparison.Ordinal);
            if (equals <= 0) return false;
            var key = rest[..equals].ToString();
            rest = rest[(equals + 2)..];
            if (!TryQuoted(ref rest, out var value)) return false;
            labels[key] = value;
        }

        if (rest.Length == 0) return false;
        rest = rest[1..];
        return true;
    }

    private static bool TryQuoted(ref ReadOnlySpan<char> rest, out string value)
    {
        var text = new StringBuilder();
        for (var i = 0; i < rest.Length; i++)
        {
            if (rest[i] == '"')
            {
                value = text.ToString();
                rest = rest[(i + 1)..];
                return true;
            }

            if (rest[i] == '\\' && i + 1 < rest.Length) text.Append(rest[++i] == 'n' ? '\n' : rest[i]);
            else text.Append(rest[i]);
        }

        value = "";
        return false;
    }
}

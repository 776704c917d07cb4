namespace Cluster.Proxy.Top;

/// <summary>One line of the Prometheus text format.</summary>
/// <param name="Name">The metric.</param>
/// <param name="Labels">Its labels; empty for none.</param>
/// <param name="Value">Its value.</param>
internal sealed record MetricSample(string Name, IReadOnlyDictionary<string, string> Labels, double Value)
{
    public string Label(string name) => Labels.TryGetValue(name, out var value) ? value : "";
}

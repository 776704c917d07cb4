using System.Globalization;

namespace Cluster.Proxy.Top;

/// <summary>What a proxy's metrics said at one moment, as the view shows it. Immutable.</summary>
internal sealed class TopSnapshot
{
    private readonly Dictionary<string, double> _totals = [];
    private readonly Dictionary<(string Service, string Protocol), TopService> _services = [];

    /// <param name="metrics">The text of <c>/metrics</c>.</param>
    /// <param name="paths">The text of <c>/paths</c>: each service with its way and why, with tabs between.</param>
    /// <param name="at">When it was asked.</param>
    public TopSnapshot(string metrics, string paths, DateTimeOffset at)
    {
        At = at;
        foreach (var line in paths.Split('\n', StringSplitOptions.RemoveEmptyEntries))
            if (line.Split('\t') is [var name, var protocol, var path, ..]) _services[(name, protocol)] = new TopService(name, protocol, path);
        foreach (var sample in MetricsParser.Parse(metrics)) Take(sample);
    }

    public DateTimeOffset At { get; }

    public IReadOnlyCollection<TopService> Services => _services.Values;

    /// <summary>A metric of the whole proxy; 0 where it is not told.</summary>
    public double Total(string name) => _totals.GetValueOrDefault(name);

    public TopService? Find(TopService service) => _services.GetValueOrDefault((service.Name, service.Protocol));

    private void Take(MetricSample sample)
    {
        if (sample.Label("service") is not { Length: > 0 } name)
        {
            if (sample.Labels.Count == 0) _totals[sample.Name] = sample.Value;
            return;
        }

        var key = (name, sample.Label("protocol"));
        if (!_services.TryGetValue(key, out var service)) _services[key] = service = new TopService(name, key.Item2, "");
        if (sample.Label("backend") is { Length: > 0 } address) Take(service.Backend(address), sample);
        else if (sample.Name == "dataplane_socket_refused_total") service.Refused = sample.Value;
    }

    private static void Take(TopBackend backend, MetricSample sample)
    {
        switch (sample.Name)
        {
            case "dataplane_backend_connections":
                backend.Active = sample.Value;
                break;
            case "dataplane_backend_connections_total":
                backend.Given = sample.Value;
                break;
            case "dataplane_backend_connect_failures_total":
                backend.Failures = sample.Value;
                break;
        }
    }

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Services.Count} services at {At:HH:mm:ss}");
}

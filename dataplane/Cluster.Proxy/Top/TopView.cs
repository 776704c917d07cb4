using System.Globalization;

namespace Cluster.Proxy.Top;

/// <summary>Makes lines of two snapshots: what is, and from what was before how fast it changes. Without state.</summary>
internal static class TopView
{
    private const int NumberWidth = 10;
    private const int NumberColumns = 5;
    private const int NarrowestName = 12;
    private const string Unknown = "-";

    /// <summary>Lines that stand above the list and do not scroll.</summary>
    public static IReadOnlyList<string> Header(string source, TopSnapshot now, TopSnapshot? before, int width)
    {
        var seconds = Seconds(now, before);
        string Rate(string name) => Speed(now.Total(name), before?.Total(name), seconds);
        return
        [
            Cut($"{source}   {now.Services.Count} services   {now.At.ToLocalTime().ToString("HH:mm:ss", CultureInfo.InvariantCulture)}", width),
            Cut($"TCP  relayed {Count(now.Total("dataplane_tcp_connections"))}   accepted/s {Rate("dataplane_tcp_connections_total")}   refused/s {Rate("dataplane_tcp_refused_total")}   resets/s {Rate("dataplane_tcp_resets_total")}   connect failures/s {Rate("dataplane_tcp_connect_failures_total")}", width),
            Cut($"UDP  sessions {Count(now.Total("dataplane_udp_sessions"))}   opened/s {Rate("dataplane_udp_sessions_total")}   to backends/s {Rate("dataplane_udp_datagrams_to_backends_total")}   to clients/s {Rate("dataplane_udp_datagrams_to_clients_total")}   dropped/s {Rate("dataplane_udp_datagrams_dropped_total")}", width),
            "",
            Row("SERVICE / BACKEND", "PATH", ["ACTIVE", "CONN/S", "CONNS", "FAILED", "FAIL/S"], width),
        ];
    }

    /// <summary>The list: each service with its backends below it, the busiest first.</summary>
    public static List<string> Rows(TopSnapshot now, TopSnapshot? before, int width)
    {
        var seconds = Seconds(now, before);
        var rows = new List<string>();
        foreach (var service in now.Services.OrderByDescending(service => Speed(service, before)).ThenByDescending(service => service.Active)
            .ThenByDescending(service => service.Given).ThenBy(service => service.Name, StringComparer.Ordinal))
        {
            var past = before?.Find(service);
            rows.Add(Row($"{service.Name} {service.Protocol}", service.Path, Numbers(service.Active, service.Given, past?.Given, service.Failures, past?.Failures, seconds), width));
            foreach (var backend in service.Backends)
            {
                var earlier = past?.Backends.FirstOrDefault(other => other.Address == backend.Address);
                // A backend that was not there had nothing.
                rows.Add(Row("  " + backend.Address, "", Numbers(backend.Active, backend.Given, past is null ? null : earlier?.Given ?? 0, backend.Failures, past is null ? null : earlier?.Failures ?? 0, seconds), width));
            }
        }

        return rows;
    }

    private static string[] Numbers(double active, double given, double? givenBefore, double failures, double? failuresBefore, double seconds) =>
        [Count(active), Speed(given, givenBefore, seconds), Count(given), Count(failures), Speed(failures, failuresBefore, seconds)];

    private static double Speed(TopService service, TopSnapshot? before) => before?.Find(service) is { } past ? Grown(service.Given, past.Given) : 0;

    private static double Seconds(TopSnapshot now, TopSnapshot? before) => before is null ? 0 : (now.At - before.At).TotalSeconds;

    private static string Speed(double now, double? before, double seconds) =>
        before is not { } past || seconds <= 0 ? Unknown : Count(Grown(now, past) / seconds);

    // A counter that went back is of a new process: it counts from nothing.
    private static double Grown(double now, double before) => now >= before ? now - before : now;

    private static string Count(double value) => value switch
    {
        >= 1e10 => string.Create(CultureInfo.InvariantCulture, $"{value / 1e9:0.0}G"),
        >= 1e7 => string.Create(CultureInfo.InvariantCulture, $"{value / 1e6:0.0}M"),
        _ => Math.Round(value, value < 10 ? 1 : 0).ToString(CultureInfo.InvariantCulture),
    };

    private static string Row(string name, string path, string[] numbers, int width)
    {
        var nameWidth = Math.Max(NarrowestName, width - (NumberColumns * NumberWidth) - 9);
        var cells = string.Concat(numbers.Select(number => number.PadLeft(NumberWidth)));
        return Cut($"{Fit(name, nameWidth)} {path,-8}{cells}", width);
    }

    // The end of a long name tells it from its neighbours more often than the beginning.
    private static string Fit(string text, int width) => text.Length <= width ? text.PadRight(width) : "…" + text[^(width - 1)..];

    private static string Cut(string text, int width) => text.Length <= width ? text.TrimEnd() : text[..width];
}

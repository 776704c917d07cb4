using System.Diagnostics.Metrics;
using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Dns;

/// <summary>What the DNS server counts, added up over its threads when somebody asks.</summary>
internal static class DnsMetrics
{
    /// <summary>Questions that other servers were asked, those that none answered, and answers given beyond their time instead.</summary>
    public static long Forwarded, ForwardFailures, Stale;

    private static readonly Meter Meter = new(DataplaneMetrics.MeterName);
    private static readonly Lock Lock = new();
    private static readonly List<DnsCounts> Sources = [];
    private static readonly DnsCounts Past = new();
    private static WeakReference<DnsCache>? cache;

    // Instruments that are read live in fields for as long as the meter does.
    private static readonly Instrument[] Instruments =
    [
        Meter.CreateObservableCounter("dns_requests_total", Requests, description: "DNS queries answered, by type and response code"),
        Meter.CreateObservableCounter("dns_cache_hits_total", () => Sum().CacheHits, description: "Names outside of the cluster that the cache knew"),
        Meter.CreateObservableCounter("dns_cache_misses_total", () => Sum().CacheMisses, description: "Names outside of the cluster that the cache did not know"),
        Meter.CreateObservableGauge("dns_cache_entries", () => CacheEntries(), description: "Answers of other servers being kept"),
        Meter.CreateObservableCounter("dns_forwards_total", () => Interlocked.Read(ref Forwarded), description: "Questions that other servers were asked"),
        Meter.CreateObservableCounter("dns_forward_failures_total", () => Interlocked.Read(ref ForwardFailures), description: "Questions that no other server answered"),
        Meter.CreateObservableCounter("dns_stale_answers_total", () => Interlocked.Read(ref Stale), description: "Questions that no other server answered and an answer beyond its time did"),
        Meter.CreateObservableCounter("dns_search_shortcuts_total", () => Sum().Shortcuts, description: "Answers that spared a resolver the rest of its search path"),
        Meter.CreateObservableCounter("dns_truncated_total", () => Sum().Truncated, description: "Answers that did not fit and sent the asker to TCP"),
        Meter.CreateObservableCounter("dns_dropped_total", () => Sum().Dropped, description: "Datagrams that got no answer"),
    ];

    /// <summary>Threads that count now.</summary>
    internal static int Counting
    {
        get
        {
            lock (Lock) return Sources.Count;
        }
    }

    /// <summary>Makes the instruments, so that an exporter shows them before the first query.</summary>
    public static void Register(DnsCache current)
    {
        _ = Instruments.Length;
        cache = new WeakReference<DnsCache>(current);
    }

    public static void Count(ref long counter) => Interlocked.Increment(ref counter);

    /// <summary>Counts of a new thread, which are in every sum from now on.</summary>
    public static DnsCounts Add()
    {
        var counts = new DnsCounts();
        lock (Lock) Sources.Add(counts);
        return counts;
    }

    /// <summary>Keeps what a thread that has ended counted: sums never go back.</summary>
    public static void Retire(DnsCounts counts)
    {
        lock (Lock)
            if (Sources.Remove(counts)) Past.Add(counts);
    }

    /// <summary>All counts, of the process's whole life.</summary>
    public static DnsCounts Sum()
    {
        var sum = new DnsCounts();
        lock (Lock)
        {
            sum.Add(Past);
            foreach (DnsCounts counts in Sources) sum.Add(counts);
        }

        return sum;
    }

    private static long CacheEntries() => cache is not null && cache.TryGetTarget(out DnsCache? current) ? current.Count : 0;

    private static List<Measurement<long>> Requests()
    {
        DnsCounts sum = Sum();
        var measurements = new List<Measurement<long>>();
        for (int i = 0; i < sum.Requests.Length; i++)
        {
            if (sum.Requests[i] == 0) continue;
            measurements.Add(new Measurement<long>(
                sum.Requests[i],
                new KeyValuePair<string, object?>("type", DnsCounts.TypeNames[i / DnsCounts.CodeNames.Length]),
                new KeyValuePair<string, object?>("rcode", DnsCounts.CodeNames[i % DnsCounts.CodeNames.Length])));
        }

        return measurements;
    }

    /// <summary>Time taken by all answers of the process's life.</summary>
    public static HistogramSnapshot Durations()
    {
        DnsCounts sum = Sum();
        return new HistogramSnapshot(
            [.. Enumerable.Range(0, DnsCounts.Buckets).Select(i => (1L << i) / 1e6)], sum.Latencies.ToArray(), sum.LatencyMicroseconds / 1e6);
    }
}

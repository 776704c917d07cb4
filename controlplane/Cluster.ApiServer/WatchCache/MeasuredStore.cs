using System.Diagnostics.Metrics;
using Cluster.Api;
using Cluster.ApiServer.Hosting;
using Cluster.Storage;

namespace Cluster.ApiServer.WatchCache;

/// <summary>A store whose operations are timed under Kubernetes' name, <c>etcd_request_duration_seconds</c>, whatever store it is.</summary>
/// <param name="inner">Not owned: disposing this leaves it open.</param>
/// <param name="time">The clock of durations.</param>
internal sealed class MeasuredStore(IStore inner, TimeProvider time) : IStore
{
    private static readonly Histogram<double> Durations = ServerMetrics.Meter.CreateHistogram(
        "etcd_request_duration_seconds",
        unit: "s",
        description: "Time of the store's operations, by operation and type.",
        tags: null,
        advice: new InstrumentAdvice<double>
        {
            HistogramBucketBoundaries = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2, 4, 15, 30, 60],
        });

    /// <summary>Prefixes as the catalog has them; what is none of its own is the cluster's own bookkeeping.</summary>
    private static readonly (string Prefix, string Type)[] Types =
        [.. ResourceCatalog.All.Where(type => type.StoragePrefix is not null).Select(type => (type.StoragePrefix!, type.GroupResource))];

    public ValueTask<long> GetRevisionAsync(CancellationToken cancellationToken) => inner.GetRevisionAsync(cancellationToken);

    public async ValueTask<StoreEntry?> GetAsync(string key, CancellationToken cancellationToken)
    {
        using var trace = RequestTraces.Store("get");
        var started = time.GetTimestamp();
        try
        {
            return await inner.GetAsync(key, cancellationToken);
        }
        finally
        {
            Record("get", key, started);
        }
    }

    public async ValueTask<StoreRange> RangeAsync(string prefix, string? afterKey, int limit, long revision, CancellationToken cancellationToken)
    {
        using var trace = RequestTraces.Store("list");
        var started = time.GetTimestamp();
        try
        {
            return await inner.RangeAsync(prefix, afterKey, limit, revision, cancellationToken);
        }
        finally
        {
            Record("list", prefix, started);
        }
    }

    public async ValueTask<TxnResult> TxnAsync(StoreTxn txn, CancellationToken cancellationToken)
    {
        using var trace = RequestTraces.Store("write");
        var started = time.GetTimestamp();
        try
        {
            return await inner.TxnAsync(txn, cancellationToken);
        }
        finally
        {
            if (txn.Operations is [var first, ..])
                Record(OperationOf(txn, first), first.Key, started);
        }
    }

    public IAsyncEnumerable<StoreChanges> WatchAsync(string prefix, long afterRevision, CancellationToken cancellationToken) =>
        inner.WatchAsync(prefix, afterRevision, cancellationToken);

    public ValueTask CompactAsync(long revision, CancellationToken cancellationToken) => inner.CompactAsync(revision, cancellationToken);

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    // The first operation is the object's own; claims and ledgers follow it.
    private static string OperationOf(StoreTxn txn, StoreOp first)
    {
        if (first.Value is null)
            return "delete";
        foreach (var compare in txn.Compares)
        {
            if (compare.Key == first.Key)
                return compare.ModRevision == 0 ? "create" : "update";
        }

        return "update";
    }

    private void Record(string operation, string key, long started) =>
        Durations.Record(time.GetElapsedTime(started).TotalSeconds, new("operation", operation), new("type", TypeOf(key)));

    private static string TypeOf(string key)
    {
        foreach (var (prefix, type) in Types)
        {
            if (key.StartsWith(prefix, StringComparison.Ordinal))
                return type;
        }

        return "";
    }
}

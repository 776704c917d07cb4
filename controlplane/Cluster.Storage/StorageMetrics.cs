using System.Diagnostics.Metrics;

namespace Cluster.Storage;

/// <summary>What the stores count.</summary>
internal static class StorageMetrics
{
    private static readonly Meter Meter = new("Cluster.Storage");

    public static readonly Histogram<double> CommitSeconds =
        Meter.CreateHistogram<double>("storage_commit_duration_seconds", "s", "Time of a group commit, its fsync included");

    public static readonly Histogram<int> CommitGroupSize =
        Meter.CreateHistogram<int>("storage_commit_group_size", null, "Writes that shared one fsync");

    public static readonly Counter<long> CommitFailures =
        Meter.CreateCounter<long>("storage_commit_failures_total", null, "Group commits that the disk refused");

    public static readonly Counter<long> WatchersBehind =
        Meter.CreateCounter<long>("storage_watchers_behind_total", null, "Times a watcher fell out of the recent history");

    public static readonly Counter<long> EtcdReconnects =
        Meter.CreateCounter<long>("storage_etcd_watch_reconnects_total", null, "Times the watch of etcd was opened anew");
}

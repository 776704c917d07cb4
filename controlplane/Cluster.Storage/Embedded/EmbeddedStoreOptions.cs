using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Storage.Embedded;

/// <summary>How the embedded store is opened. Read at start.</summary>
public sealed record EmbeddedStoreOptions
{
    /// <summary>The directory that holds <c>state.db</c>, its journal and the lock file; created with mode 0700 if missing.</summary>
    public required string Directory { get; init; }

    /// <summary>History younger than this is kept, as Kubernetes' API server does with etcd.</summary>
    public TimeSpan RetainedTime { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>And at least so many revisions are kept, so that a quiet cluster's clients can still continue.</summary>
    public long RetainedRevisions { get; init; } = 10_000;

    /// <summary>How often old history is looked for.</summary>
    public TimeSpan CompactionInterval { get; init; } = TimeSpan.FromMinutes(1);

    /// <summary>How often expired keys are looked for; a key lives at most so much longer than its time.</summary>
    public TimeSpan ExpiryInterval { get; init; } = TimeSpan.FromSeconds(1);

    /// <summary>Revisions kept in memory for watchers; older ones are read from the table.</summary>
    public int RecentRevisions { get; init; } = 4096;

    /// <summary>And at most so many bytes of them.</summary>
    public long RecentBytes { get; init; } = 16 * 1024 * 1024;

    /// <summary>At most so many writes share one fsync: past 256 the measured rate no longer grows but the first one's wait does.</summary>
    public int MaxGroupSize { get; init; } = 256;

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public ILogger Logger { get; init; } = NullLogger.Instance;
}

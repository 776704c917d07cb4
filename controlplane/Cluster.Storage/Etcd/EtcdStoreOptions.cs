using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Storage.Etcd;

/// <summary>Which etcd, and how patient with it. Read at start.</summary>
public sealed record EtcdStoreOptions
{
    /// <summary>The members, such as <c>http://127.0.0.1:2379</c>. The one in use is kept until it fails, then the next one is tried.</summary>
    public required IReadOnlyList<Uri> Endpoints { get; init; }

    /// <summary>A PEM file with the authorities that signed the members' certificates; null: the system's.</summary>
    public string? CaFile { get; init; }

    /// <summary>This client's certificate, PEM.</summary>
    public string? CertificateFile { get; init; }

    /// <summary>This client's key, PEM.</summary>
    public string? KeyFile { get; init; }

    /// <summary>The keys watched for the watchers of this process.</summary>
    public string Root { get; init; } = "/registry/";

    /// <summary>The longest a request may take, all members tried.</summary>
    public TimeSpan RequestTimeout { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>The history kept, as Kubernetes' API server does; null: someone else compacts.</summary>
    public TimeSpan? CompactionInterval { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Revisions kept in memory for watchers; older ones are asked of etcd.</summary>
    public int RecentRevisions { get; init; } = 4096;

    /// <summary>And at most so many bytes of them.</summary>
    public long RecentBytes { get; init; } = 16 * 1024 * 1024;

    public TimeProvider Time { get; init; } = TimeProvider.System;

    public ILogger Logger { get; init; } = NullLogger.Instance;
}

namespace Cluster.Containers;

/// <summary>Which part of a container's log to read.</summary>
public sealed record LogQuery
{
    public bool Follow { get; init; }

    /// <summary>Each line starts with its RFC 3339 time.</summary>
    public bool Timestamps { get; init; }

    /// <summary>So many lines from the end; null for all.</summary>
    public long? TailLines { get; init; }

    public DateTimeOffset? Since { get; init; }
}

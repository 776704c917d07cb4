namespace Cluster.Dataplane.Dns;

/// <summary>A query that waits for other servers: as it came, and what they said so far.</summary>
/// <param name="Query">The whole query.</param>
/// <param name="Sender">Where its answer goes.</param>
/// <param name="BeganAt">When it came, by the timestamps of <see cref="System.Diagnostics.Stopwatch"/>.</param>
internal sealed record PendingQuery<TSender>(byte[] Query, TSender Sender, long BeganAt)
{
    public List<UpstreamAnswer> Known { get; } = [];
}

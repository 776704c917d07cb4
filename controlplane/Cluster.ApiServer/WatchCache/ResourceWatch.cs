namespace Cluster.ApiServer.WatchCache;

/// <summary>An open watch: a cursor into the events of one resource.</summary>
public abstract class ResourceWatch
{
    /// <summary>Called once while it is read: the state it begins with is sent, if it has one, and only changes follow.</summary>
    public virtual Action? Started { get; set; }

    /// <summary>How long it will be read, so that a bookmark comes shortly before the end; null: unknown. Set before it is read.</summary>
    public virtual TimeSpan? Lifetime { get; set; }

    /// <summary>
    /// Events in order, those that became visible together in one batch. Endless until cancelled (it then ends without an exception);
    /// a StatusException, 410 Expired, ends a reader that fell too far behind. The batch is valid until the next one is asked for.
    /// </summary>
    public abstract IAsyncEnumerable<IReadOnlyList<ResourceEvent>> ReadAsync(CancellationToken cancellationToken);
}

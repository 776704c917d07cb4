namespace Cluster.ApiServer.WatchCache;

/// <summary>What a watcher is told. The names are those of the wire, in capitals there.</summary>
public enum ResourceEventType
{
    Added,
    Modified,
    Deleted,

    /// <summary>Nothing changed: the object holds only a newer resourceVersion.</summary>
    Bookmark,
}

/// <summary>One event of a watch.</summary>
/// <param name="Type">What happened, seen through the watch's selectors.</param>
/// <param name="Object">The new state; the last one, with the version of the delete, where it was deleted or stopped matching.</param>
public readonly record struct ResourceEvent(ResourceEventType Type, EncodedMessage Object);

namespace Cluster.ApiServer.WatchCache;

/// <summary>Where a watch begins.</summary>
/// <param name="Sequence">The first event in the ring.</param>
/// <param name="Revision">Events up to this revision are skipped.</param>
/// <param name="Initial">Sent first, as ADDED events; null: nothing.</param>
internal sealed record WatchStart(long Sequence, long Revision, SortedSnapshot? Initial)
{
    /// <summary>The reader wants bookmarks.</summary>
    public bool Bookmarks { get; init; }

    /// <summary>A bookmark with an annotation marks the end of the initial events.</summary>
    public bool MarkInitialEnd { get; init; }
}

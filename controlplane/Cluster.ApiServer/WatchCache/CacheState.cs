namespace Cluster.ApiServer.WatchCache;

/// <summary>What a resource cache holds at one moment; published by one reference write.</summary>
/// <param name="Objects">Every object.</param>
/// <param name="Revision">The revision of the last change of this resource (or of the load).</param>
/// <param name="Next">The sequence in the ring of the first event that is not in <paramref name="Objects"/>.</param>
internal sealed record CacheState(SortedSnapshot Objects, long Revision, long Next);

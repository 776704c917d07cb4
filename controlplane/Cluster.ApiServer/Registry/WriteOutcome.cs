using Cluster.ApiServer.WatchCache;
using Cluster.Storage;

namespace Cluster.ApiServer.Registry;

/// <summary>What became of a conditional write.</summary>
/// <param name="Version">The version written; null: another write was faster.</param>
/// <param name="Current">If another write was faster: the entry it left, or null.</param>
internal readonly record struct WriteOutcome(ObjectVersion? Version, StoreEntry? Current)
{
    public static WriteOutcome Written(ObjectVersion version) => new(version, null);

    public static WriteOutcome Lost(StoreEntry? current) => new(null, current);
}

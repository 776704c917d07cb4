using System.Collections.Concurrent;
using Cluster.Storage;

namespace Cluster.ApiServer.WatchCache;

/// <summary>
/// The revisions of keys whose values do not matter: claims and ledgers. A hint for what to try; the store's comparison decides.
/// </summary>
internal sealed class KeyCache(string prefix)
{
    private readonly ConcurrentDictionary<string, long> _revisions = new(StringComparer.Ordinal);

    public string Prefix { get; } = prefix;

    /// <summary>The revision of a key's last write; 0: it is not there.</summary>
    public long RevisionOf(string key) => _revisions.GetValueOrDefault(key);

    public void Load(IReadOnlyList<StoreEntry> entries)
    {
        _revisions.Clear();
        foreach (var entry in entries)
            _revisions[entry.Key] = entry.ModRevision;
    }

    public void Apply(StoreChange change)
    {
        if (change.Entry is null)
            _revisions.TryRemove(change.Key, out _);
        else
            _revisions[change.Key] = change.Entry.ModRevision;
    }
}

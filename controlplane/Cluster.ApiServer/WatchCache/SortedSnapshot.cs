namespace Cluster.ApiServer.WatchCache;

/// <summary>An immutable map of object versions in ordinal key order; a change makes a new one that shares nearly everything.</summary>
/// <remarks>
/// A sorted array of sorted chunks: a change copies one chunk and the array of chunks (128 references and n/128), a find is two binary
/// searches, a range is a walk over arrays. For the sizes of a cluster (up to some 100,000 objects a kind) that beats a balanced tree
/// on each count.
/// </remarks>
public sealed class SortedSnapshot
{
    // A full chunk splits in two halves: copying one stays within a kilobyte.
    private const int ChunkSize = 128;

    private readonly ObjectVersion[][] _chunks;

    private SortedSnapshot(ObjectVersion[][] chunks, int count)
    {
        _chunks = chunks;
        Count = count;
    }

    public static SortedSnapshot Empty { get; } = new([], 0);

    public int Count { get; }

    /// <summary>Of versions that are already in ordinal order of their keys, each key once.</summary>
    public static SortedSnapshot FromSorted(IReadOnlyCollection<ObjectVersion> versions) =>
        new([.. versions.Chunk(ChunkSize / 2)], versions.Count);

    /// <summary>The version of a key, or null.</summary>
    public ObjectVersion? Find(string key)
    {
        var at = ChunkOf(key);
        if (at < 0)
            return null;

        var index = IndexIn(_chunks[at], key);
        return index < 0 ? null : _chunks[at][index];
    }

    /// <summary>With the version added or, where its key is there already, replaced.</summary>
    public SortedSnapshot With(ObjectVersion version)
    {
        if (Count == 0)
            return new SortedSnapshot([[version]], 1);

        var at = Math.Max(ChunkOf(version.Key), 0);
        var chunk = _chunks[at];
        var index = IndexIn(chunk, version.Key);
        if (index >= 0)
            return new SortedSnapshot(Replace(at, [ReplaceItem(chunk, index, version)]), Count);

        ObjectVersion[] grown = [.. chunk.AsSpan(0, ~index), version, .. chunk.AsSpan(~index)];
        ObjectVersion[][] parts = grown.Length <= ChunkSize ? [grown] : [grown[..(ChunkSize / 2)], grown[(ChunkSize / 2)..]];
        return new SortedSnapshot(Replace(at, parts), Count + 1);
    }

    /// <summary>Without a key; itself if the key is not there.</summary>
    public SortedSnapshot Without(string key)
    {
        var at = ChunkOf(key);
        var index = at < 0 ? -1 : IndexIn(_chunks[at], key);
        if (index < 0)
            return this;

        var chunk = _chunks[at];
        ObjectVersion[] rest = [.. chunk.AsSpan(0, index), .. chunk.AsSpan(index + 1)];
        return new SortedSnapshot(Replace(at, rest.Length == 0 ? [] : [rest]), Count - 1);
    }

    /// <summary>The versions whose keys start with the prefix and lie after <paramref name="afterKey"/>, in key order.</summary>
    public IEnumerable<ObjectVersion> Range(string prefix, string? afterKey = null)
    {
        var from = afterKey is not null && string.CompareOrdinal(afterKey, prefix) > 0 ? afterKey : prefix;
        for (var at = Math.Max(ChunkOf(from), 0); at < _chunks.Length; at++)
        {
            var chunk = _chunks[at];
            var index = IndexIn(chunk, from);
            // The key itself starts the range only where it is the prefix; afterKey is left out.
            for (var i = index < 0 ? ~index : ReferenceEquals(from, afterKey) ? index + 1 : index; i < chunk.Length; i++)
            {
                if (!chunk[i].Key.StartsWith(prefix, StringComparison.Ordinal))
                    yield break;

                yield return chunk[i];
            }
        }
    }

    // The last chunk that starts at or before the key; -1 if the key lies before all of them.
    private int ChunkOf(string key)
    {
        int low = 0, high = _chunks.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            if (string.CompareOrdinal(_chunks[middle][0].Key, key) <= 0)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return high;
    }

    // As Array.BinarySearch: the complement of where it would stand, if it is not there.
    private static int IndexIn(ObjectVersion[] chunk, string key)
    {
        int low = 0, high = chunk.Length - 1;
        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = string.CompareOrdinal(chunk[middle].Key, key);
            if (order == 0)
                return middle;

            if (order < 0)
                low = middle + 1;
            else
                high = middle - 1;
        }

        return ~low;
    }

    private static ObjectVersion[] ReplaceItem(ObjectVersion[] chunk, int index, ObjectVersion version)
    {
        var copy = (ObjectVersion[])chunk.Clone();
        copy[index] = version;
        return copy;
    }

    private ObjectVersion[][] Replace(int at, ReadOnlySpan<ObjectVersion[]> parts) =>
        [.. _chunks.AsSpan(0, at), .. parts, .. _chunks.AsSpan(at + 1)];
}

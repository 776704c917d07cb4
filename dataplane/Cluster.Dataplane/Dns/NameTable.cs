namespace Cluster.Dataplane.Dns;

/// <summary>A hash table of names: any number of readers without a lock, one writer at a time.</summary>
/// <remarks>
/// A change swaps one link of one chain, whatever the size of the table; readers see it whole or not at all. A reader that stands on a link
/// which is being removed walks on along the chain as it was. Growing makes all links anew and publishes the new buckets by one write.
/// </remarks>
internal sealed class NameTable<T>
    where T : NameEntry
{
    private const int LeastBuckets = 256;

    private readonly Lock _writing = new();
    private Link?[] _buckets = new Link?[LeastBuckets];
    private int _count;

    public int Count => Volatile.Read(ref _count);

    /// <summary>The entry of a name, or null. Allocates nothing.</summary>
    /// <param name="name">The name in lower case.</param>
    /// <param name="type">The entry's type.</param>
    /// <param name="hash">Its <see cref="NameEntry.HashOf"/>.</param>
    public T? Find(ReadOnlySpan<byte> name, DnsType type, ulong hash)
    {
        Link?[] buckets = Volatile.Read(ref _buckets);
        for (Link? link = Volatile.Read(ref buckets[Index(buckets, hash)]); link is not null; link = Volatile.Read(ref link.Next))
            if (link.Hash == hash && link.Entry.Is(name, type)) return link.Entry;
        return null;
    }

    public T? Find(ReadOnlySpan<byte> name, DnsType type = 0) => Find(name, type, NameEntry.HashOf(name, type));

    /// <summary>Adds an entry, in place of the one of the same key, which it returns.</summary>
    public T? Set(T entry)
    {
        lock (_writing)
        {
            ref Link? place = ref PlaceLocked(entry);
            T? before = place?.Entry;
            Volatile.Write(ref place, new Link(entry, place?.Next));
            if (before is null && ++_count > _buckets.Length) GrowLocked();
            return before;
        }
    }

    /// <summary>Removes the entry of a key, if it is still this one.</summary>
    public bool Remove(T entry)
    {
        lock (_writing)
        {
            ref Link? place = ref PlaceLocked(entry);
            if (place?.Entry != entry) return false;
            Volatile.Write(ref place, place.Next);
            _count--;
            return true;
        }
    }

    // Where the key's link stands, or the end of its chain.
    private ref Link? PlaceLocked(T entry)
    {
        ref Link? place = ref _buckets[Index(_buckets, entry.Hash)];
        while (place is not null && !(place.Hash == entry.Hash && place.Entry.Is(entry.Name, entry.Type))) place = ref place.Next;
        return ref place;
    }

    private void GrowLocked()
    {
        var buckets = new Link?[_buckets.Length * 2];
        foreach (Link? first in _buckets)
        {
            for (Link? link = first; link is not null; link = link.Next)
            {
                ref Link? place = ref buckets[Index(buckets, link.Hash)];
                place = new Link(link.Entry, place);
            }
        }

        Volatile.Write(ref _buckets, buckets);
    }

    private static int Index(Link?[] buckets, ulong hash) => (int)(hash & (ulong)(buckets.Length - 1));

    /// <summary>Looks a batch of names up in steps, each for all of them, so that waits for memory overlap. Finds nothing; used by one thread.</summary>
    public sealed class Ahead(NameTable<T> table, int capacity)
    {
        private readonly ulong[] _hashes = new ulong[capacity];
        private readonly Link?[] _links = new Link?[capacity];
        private readonly T?[] _entries = new T?[capacity];

        public void Add(int index, ulong hash) => _hashes[index] = hash;

        /// <summary>Reads from memory what the first names added lead to; the sum of what was read, which means nothing.</summary>
        public int Touch(int count)
        {
            Link?[] buckets = Volatile.Read(ref table._buckets);
            for (int i = 0; i < count; i++) _links[i] = buckets[Index(buckets, _hashes[i])];
            for (int i = 0; i < count; i++) _entries[i] = _links[i] is { } link ? Likely(link, _hashes[i]) : null;
            int read = 0;
            for (int i = 0; i < count; i++) read += _entries[i]?.Touch() ?? 0;
            return read;
        }

        // The first or the second of its chain; few are longer.
        private static T? Likely(Link link, ulong hash) => link.Hash == hash ? link.Entry : link.Next?.Entry;
    }

    private sealed class Link(T entry, Link? next)
    {
        public readonly ulong Hash = entry.Hash;
        public readonly T Entry = entry;
        public Link? Next = next;
    }
}

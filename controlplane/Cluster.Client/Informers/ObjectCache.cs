using Cluster.Api;

namespace Cluster.Client;

/// <summary>The objects of one kind by key, with indexes. One writer, any number of readers.</summary>
internal sealed class ObjectCache<T>
    where T : class, IApiObject, new()
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ObjectKey, CachedObject<T>> _objects = [];
    private readonly Dictionary<string, ObjectIndex<T>> _indexes = [];

    // Each object brings a string of its own for what all of a namespace share.
    private readonly Dictionary<string, string> _namespaces = [];

    // The list most recently handed out, until something changes: listing again costs nothing.
    private CachedObjects<T>? _snapshot;

    public int Count
    {
        get
        {
            lock (_lock)
            {
                return _objects.Count;
            }
        }
    }

    public T? Get(ObjectKey key)
    {
        CachedObject<T>? found;
        lock (_lock)
        {
            found = _objects.GetValueOrDefault(key);
        }

        return found?.Read();
    }

    public IReadOnlyCollection<T> List()
    {
        lock (_lock)
        {
            return _snapshot ??= new([.. _objects.Values]);
        }
    }

    /// <summary>Every entry: a snapshot.</summary>
    public CachedObject<T>[] Entries()
    {
        lock (_lock)
        {
            return [.. _objects.Values];
        }
    }

    public IReadOnlyCollection<T> ByIndex(string index, string key)
    {
        lock (_lock)
        {
            return new CachedObjects<T>(_indexes[index].Find(key));
        }
    }

    public IReadOnlyCollection<string> IndexKeys(string index)
    {
        lock (_lock)
        {
            return _indexes[index].Keys;
        }
    }

    public void AddIndex(string name, Func<T, IEnumerable<string>> keys)
    {
        lock (_lock)
        {
            if (_indexes.ContainsKey(name))
            {
                return;
            }

            var index = new ObjectIndex<T>(keys);
            foreach (var entry in _objects.Values)
            {
                index.Update(null, (entry, entry.Peek()));
            }

            _indexes[name] = index;
        }
    }

    /// <summary>Returns the object that was there before.</summary>
    public T? Set(T obj)
    {
        lock (_lock)
        {
            return SetLocked(ObjectKey.Of(obj), new(obj), obj)?.Object;
        }
    }

    /// <summary>False if it was not there.</summary>
    public bool Remove(T obj)
    {
        lock (_lock)
        {
            return SetLocked(ObjectKey.Of(obj), null, null) is not null;
        }
    }

    /// <summary>Makes the content that of a new list and returns what changed by it, deletions included.</summary>
    public List<(CachedObject<T>? Old, CachedObject<T>? New)> Replace(IReadOnlyList<CachedObject<T>> items)
    {
        lock (_lock)
        {
            var changes = new List<(CachedObject<T>? Old, CachedObject<T>? New)>();
            var gone = new HashSet<ObjectKey>(_objects.Keys);
            foreach (var item in items)
            {
                var obj = item.Peek();
                var key = ObjectKey.Of(obj);
                gone.Remove(key);
                if (_objects.GetValueOrDefault(key)?.Peek().Metadata.ResourceVersion != obj.Metadata.ResourceVersion)
                {
                    changes.Add((SetLocked(key, item, obj)?.Entry, item));
                }
            }

            foreach (var key in gone)
            {
                changes.Add((SetLocked(key, null, null)?.Entry, null));
            }

            return changes;
        }
    }

    private (CachedObject<T> Entry, T Object)? SetLocked(ObjectKey key, CachedObject<T>? entry, T? obj)
    {
        (CachedObject<T> Entry, T Object)? old = _objects.GetValueOrDefault(key) is { } there ? (there, there.Peek()) : null;
        if (entry is null)
        {
            _objects.Remove(key);
        }
        else
        {
            // An entry's key is that of the first of its versions.
            _objects[old is null ? key with { Namespace = SharedLocked(key.Namespace) } : key] = entry;
        }

        (CachedObject<T> Entry, T Object)? current = entry is null ? null : (entry, obj!);
        foreach (var index in _indexes.Values)
        {
            index.Update(old, current);
        }

        _snapshot = null;
        return old;
    }

    private string SharedLocked(string ns)
    {
        if (_namespaces.TryGetValue(ns, out var shared))
        {
            return shared;
        }

        return _namespaces[ns] = ns;
    }
}

using Cluster.Api;

namespace Cluster.Client;

/// <summary>The objects of one kind by key, with indexes. One writer, any number of readers.</summary>
internal sealed class ObjectCache<T>
    where T : class, IApiObject
{
    private readonly Lock _lock = new();
    private readonly Dictionary<ObjectKey, T> _objects = [];
    private readonly Dictionary<string, ObjectIndex<T>> _indexes = [];

    // The list most recently handed out, until something changes: listing again costs nothing.
    private T[]? _snapshot;

    public T? Get(ObjectKey key)
    {
        lock (_lock)
        {
            return _objects.GetValueOrDefault(key);
        }
    }

    public IReadOnlyCollection<T> List()
    {
        lock (_lock)
        {
            return _snapshot ??= [.. _objects.Values];
        }
    }

    public IReadOnlyCollection<T> ByIndex(string index, string key)
    {
        lock (_lock)
        {
            return _indexes[index].Find(key);
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
            foreach (var (key, obj) in _objects)
            {
                index.Update(key, null, obj);
            }

            _indexes[name] = index;
        }
    }

    /// <summary>Returns the object that was there before.</summary>
    public T? Set(T obj)
    {
        lock (_lock)
        {
            return SetLocked(ObjectKey.Of(obj), obj);
        }
    }

    /// <summary>False if it was not there.</summary>
    public bool Remove(T obj)
    {
        lock (_lock)
        {
            return SetLocked(ObjectKey.Of(obj), null) is not null;
        }
    }

    /// <summary>Makes the content that of a new list and returns what changed by it, deletions included.</summary>
    public List<(T? Old, T? New)> Replace(IReadOnlyList<T> items)
    {
        lock (_lock)
        {
            var changes = new List<(T? Old, T? New)>();
            var gone = new HashSet<ObjectKey>(_objects.Keys);
            foreach (var item in items)
            {
                var key = ObjectKey.Of(item);
                gone.Remove(key);
                if (_objects.GetValueOrDefault(key)?.Metadata.ResourceVersion != item.Metadata.ResourceVersion)
                {
                    changes.Add((SetLocked(key, item), item));
                }
            }

            foreach (var key in gone)
            {
                changes.Add((SetLocked(key, null), null));
            }

            return changes;
        }
    }

    private T? SetLocked(ObjectKey key, T? obj)
    {
        var old = _objects.GetValueOrDefault(key);
        if (obj is not null)
        {
            _objects[key] = obj;
        }
        else
        {
            _objects.Remove(key);
        }

        foreach (var index in _indexes.Values)
        {
            index.Update(key, old, obj);
        }

        _snapshot = null;
        return old;
    }
}

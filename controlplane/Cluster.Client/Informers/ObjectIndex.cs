namespace Cluster.Client;

/// <summary>Finds objects by keys computed from them. Called under the cache's lock.</summary>
internal sealed class ObjectIndex<T>(Func<T, IEnumerable<string>> keys)
    where T : class
{
    private readonly Dictionary<string, Dictionary<ObjectKey, T>> _buckets = [];

    public IReadOnlyCollection<T> Find(string key) => _buckets.TryGetValue(key, out var bucket) ? [.. bucket.Values] : [];

    public void Update(ObjectKey key, T? old, T? current)
    {
        if (old is not null)
        {
            foreach (var indexKey in keys(old))
            {
                Remove(indexKey, key);
            }
        }

        if (current is not null)
        {
            foreach (var indexKey in keys(current))
            {
                Add(indexKey, key, current);
            }
        }
    }

    private void Add(string indexKey, ObjectKey key, T obj)
    {
        if (!_buckets.TryGetValue(indexKey, out var bucket))
        {
            _buckets[indexKey] = bucket = [];
        }

        bucket[key] = obj;
    }

    private void Remove(string indexKey, ObjectKey key)
    {
        if (_buckets.TryGetValue(indexKey, out var bucket) && bucket.Remove(key) && bucket.Count == 0)
        {
            _buckets.Remove(indexKey);
        }
    }
}

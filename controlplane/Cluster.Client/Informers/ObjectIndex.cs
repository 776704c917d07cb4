using Cluster.Api;

namespace Cluster.Client;

/// <summary>Finds objects by keys computed from them. Called under the cache's lock.</summary>
internal sealed class ObjectIndex<T>(Func<T, IEnumerable<string>> keys)
    where T : class, IApiObject, new()
{
    private readonly Dictionary<string, HashSet<CachedObject<T>>> _buckets = [];

    /// <summary>Those that some object has.</summary>
    public string[] Keys => [.. _buckets.Keys];

    public CachedObject<T>[] Find(string key) => _buckets.TryGetValue(key, out var bucket) ? [.. bucket] : [];

    /// <summary>Puts an entry in the place of another.</summary>
    /// <param name="old">The entry that goes, with its object; null: none.</param>
    /// <param name="current">The one that comes, with its object; null: none.</param>
    public void Update((CachedObject<T> Entry, T Object)? old, (CachedObject<T> Entry, T Object)? current)
    {
        if (old is { } gone)
        {
            foreach (var indexKey in keys(gone.Object))
            {
                Remove(indexKey, gone.Entry);
            }
        }

        if (current is { } come)
        {
            foreach (var indexKey in keys(come.Object))
            {
                Add(indexKey, come.Entry);
            }
        }
    }

    private void Add(string indexKey, CachedObject<T> entry)
    {
        if (!_buckets.TryGetValue(indexKey, out var bucket))
        {
            _buckets[indexKey] = bucket = [];
        }

        bucket.Add(entry);
    }

    private void Remove(string indexKey, CachedObject<T> entry)
    {
        if (_buckets.TryGetValue(indexKey, out var bucket) && bucket.Remove(entry) && bucket.Count == 0)
        {
            _buckets.Remove(indexKey);
        }
    }
}

using System.Collections;
using Cluster.Api;

namespace Cluster.Client;

/// <summary>Objects of a cache at one moment; those that are packed are unpacked as they are read.</summary>
internal sealed class CachedObjects<T>(CachedObject<T>[] entries) : IReadOnlyCollection<T>
    where T : class, IApiObject, new()
{
    public int Count => entries.Length;

    public IEnumerator<T> GetEnumerator()
    {
        foreach (var entry in entries)
        {
            yield return entry.Read();
        }
    }

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
}

using System.Collections.Concurrent;
using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.NodeV1;
using Cluster.Client;

namespace Cluster.Kubelet.Sources;

/// <summary>
/// ConfigMaps, Secrets and RuntimeClasses that pods name, read when needed and kept for a short time, so that many pods of one ConfigMap ask
/// once. Only what pods of this node name is ever read. Safe for concurrent use.
/// </summary>
internal sealed class ReferencedObjects(IApiClient client, TimeSpan lifetime, TimeProvider time)
{
    private readonly ConcurrentDictionary<(Type Kind, string Namespace, string Name), Entry> entries = new();

    /// <summary>The ConfigMap, or null when there is none.</summary>
    public Task<ConfigMap?> FindConfigMapAsync(string ns, string name, CancellationToken cancellationToken) =>
        FindAsync<ConfigMap>(ns, name, cancellationToken);

    /// <summary>The Secret, or null when there is none.</summary>
    public Task<Secret?> FindSecretAsync(string ns, string name, CancellationToken cancellationToken) =>
        FindAsync<Secret>(ns, name, cancellationToken);

    /// <summary>The RuntimeClass, or null when there is none.</summary>
    public Task<RuntimeClass?> FindRuntimeClassAsync(string name, CancellationToken cancellationToken) =>
        FindAsync<RuntimeClass>("", name, cancellationToken);

    /// <summary>Forgets what has not been asked for lately.</summary>
    public void Trim()
    {
        foreach (var (key, entry) in entries)
        {
            if (time.GetElapsedTime(entry.ReadAt) > lifetime * 2) entries.TryRemove(key, out _);
        }
    }

    private async Task<T?> FindAsync<T>(string ns, string name, CancellationToken cancellationToken)
        where T : class, IApiObject, new()
    {
        var key = (typeof(T), ns, name);
        if (entries.TryGetValue(key, out var entry) && time.GetElapsedTime(entry.ReadAt) < lifetime) return (T?)entry.Found;
        var readAt = time.GetTimestamp();
        T? found;
        try
        {
            found = await client.GetAsync<T>(ns.Length == 0 ? null : ns, name, cancellationToken);
        }
        catch (StatusException exception) when (exception.IsNotFound)
        {
            // Not kept: what is missing is waited for, and the wait should end at once.
            entries.TryRemove(key, out _);
            return null;
        }

        entries[key] = new Entry(readAt, found);
        return found;
    }

    private sealed record Entry(long ReadAt, IApiObject Found);
}

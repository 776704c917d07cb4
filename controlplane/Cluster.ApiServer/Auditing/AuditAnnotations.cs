namespace Cluster.ApiServer.Auditing;

/// <summary>What admission has to say about a request in the audit log: plug-ins' decisions by qualified names, such as <c>pod-security.kubernetes.io/enforce-policy</c>.</summary>
/// <remarks>What is said stays, as in Kubernetes: who says something else of the same name, or of a newer state, is not heard. Safe for concurrent use, as webhooks are asked all at once.</remarks>
internal sealed class AuditAnnotations
{
    /// <summary>Keys and values of one request, in characters: a webhook may answer megabytes.</summary>
    private const int MostCharacters = 64 * 1024;

    private readonly Lock _lock = new();
    private SortedDictionary<string, string>? _values;
    private int _length;

    /// <summary>What has been said, by key.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> All
    {
        get
        {
            lock (_lock)
                return _values is null ? [] : [.. _values];
        }
    }

    /// <summary>Says it, unless the key is taken. What the request has no room for is left out.</summary>
    public void Add(string key, string value)
    {
        lock (_lock)
        {
            var grows = key.Length + value.Length;
            _values ??= new(StringComparer.Ordinal);
            if (_length + grows > MostCharacters || !_values.TryAdd(key, value))
                return;
            _length += grows;
        }
    }
}

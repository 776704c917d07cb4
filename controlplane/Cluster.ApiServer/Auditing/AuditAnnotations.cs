namespace Cluster.ApiServer.Auditing;

/// <summary>What admission has to say about a request in the audit log: plug-ins' decisions by qualified names, such as <c>pod-security.kubernetes.io/enforce-policy</c>.</summary>
/// <remarks>A write that is tried again on a newer state says it anew: the last value counts. Safe for concurrent use, as webhooks are asked all at once.</remarks>
internal sealed class AuditAnnotations
{
    /// <summary>Keys and values of one request, in characters: a webhook may answer megabytes.</summary>
    private const int MostCharacters = 64 * 1024;

    private readonly SortedDictionary<string, string> _values = new(StringComparer.Ordinal);
    private readonly Lock _lock = new();
    private int _length;

    /// <summary>What has been said, by key.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> All
    {
        get
        {
            lock (_lock)
                return [.. _values];
        }
    }

    /// <summary>Says it. What the request has no room for is left out.</summary>
    public void Add(string key, string value)
    {
        lock (_lock)
        {
            var grows = value.Length + (_values.TryGetValue(key, out var before) ? -before.Length : key.Length);
            if (_length + grows > MostCharacters)
                return;
            _length += grows;
            _values[key] = value;
        }
    }
}

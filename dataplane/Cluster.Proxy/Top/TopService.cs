namespace Cluster.Proxy.Top;

/// <summary>A service port as the proxy tells of it.</summary>
/// <param name="Path">Which way it takes; empty where that is not told.</param>
internal sealed record TopService(string Name, string Protocol, string Path)
{
    private readonly SortedDictionary<string, TopBackend> _backends = new(StringComparer.Ordinal);

    /// <summary>The backends that were used.</summary>
    public IReadOnlyCollection<TopBackend> Backends => _backends.Values;

    /// <summary>Connections refused for want of a backend.</summary>
    public double Refused { get; set; }

    public double Active => _backends.Values.Sum(backend => backend.Active);

    public double Given => _backends.Values.Sum(backend => backend.Given);

    public double Failures => _backends.Values.Sum(backend => backend.Failures);

    public TopBackend Backend(string address)
    {
        if (!_backends.TryGetValue(address, out var backend)) _backends[address] = backend = new TopBackend(address);
        return backend;
    }
}

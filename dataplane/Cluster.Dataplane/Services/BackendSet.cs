namespace Cluster.Dataplane.Services;

/// <summary>The backends that may answer one kind of traffic of a service port, with what its policy worked out for them beforehand. Immutable.</summary>
public sealed class BackendSet(Backend[] backends, object? plan)
{
    public static readonly BackendSet Empty = new([], null);

    private readonly Backend[] _backends = backends;

    public ReadOnlySpan<Backend> Backends => _backends;

    public int Count => _backends.Length;

    /// <summary>What <see cref="Balancing.ILoadBalancingPolicy.Prepare"/> made for these backends.</summary>
    public object? Plan { get; } = plan;

    public Backend this[int index] => _backends[index];
}

namespace Cluster.Dataplane.Services;

/// <summary>The backends that may answer one kind of traffic of a service port, with what its policy worked out for them beforehand. Immutable.</summary>
/// <param name="backends">Those that policies choose among.</param>
/// <param name="plan">What the policy made for them.</param>
/// <param name="leftOut">Those that do not answer at present; empty where none of all did, for then all are in <paramref name="backends"/>.</param>
public sealed class BackendSet(Backend[] backends, object? plan, Backend[]? leftOut = null)
{
    public static readonly BackendSet Empty = new([], null);

    private readonly Backend[] _backends = backends;
    private readonly Backend[] _leftOut = leftOut ?? [];

    public ReadOnlySpan<Backend> Backends => _backends;

    /// <summary>Backends that would be chosen among if they were available: for a connection that found no other.</summary>
    public ReadOnlySpan<Backend> LeftOut => _leftOut;

    public int Count => _backends.Length;

    /// <summary>What <see cref="Balancing.ILoadBalancingPolicy.Prepare"/> made for these backends.</summary>
    public object? Plan { get; } = plan;

    public Backend this[int index] => _backends[index];
}

using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Balancing;

/// <summary>
/// Keeps traffic in a zone: picks by the inner policy among the zone's backends, and among all where the zone has none, where the zone's
/// backend just failed, or where each of the zone's holds as many live connections as it may.
/// </summary>
/// <param name="inner">Chooses within the zone, or among all.</param>
/// <param name="zone">This node's zone.</param>
/// <param name="spillOver">Live connections from this node that a backend of the zone may hold on average; 0 for any number.</param>
public sealed class ZonePreferencePolicy(ILoadBalancingPolicy inner, string zone, int spillOver) : ILoadBalancingPolicy
{
    public string Name => "zone";

    public bool Weighs => inner.Weighs;

    public object? Prepare(Backend[] candidates)
    {
        var near = Array.FindAll(candidates, backend => backend.Zone == zone);
        var all = new BackendSet(candidates, inner.Prepare(candidates));
        return new Zones(near.Length == 0 ? BackendSet.Empty : new BackendSet(near, inner.Prepare(near)), all);
    }

    public object? PrepareLocal(Backend[] candidates) => new Zones(BackendSet.Empty, new BackendSet(candidates, inner.Prepare(candidates)));

    public Backend? Pick(BackendSet candidates, ServiceState state, in PickContext context)
    {
        if (candidates.Plan is not Zones zones) return null;
        var nearby = zones.Near.Count > 0 && context.Failed is null && !IsFull(zones.Near);
        return inner.Pick(nearby ? zones.Near : zones.All, state, context);
    }

    private bool IsFull(BackendSet near)
    {
        if (spillOver == 0) return false;
        var active = 0L;
        foreach (var backend in near.Backends) active += backend.State.Active;
        return active >= (long)spillOver * near.Count;
    }

    private sealed record Zones(BackendSet Near, BackendSet All);
}

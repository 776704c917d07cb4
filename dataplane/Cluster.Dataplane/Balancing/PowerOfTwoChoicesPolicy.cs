using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Balancing;

/// <summary>Of two backends drawn at random, the one with fewer live connections for its weight: slow backends get less, without a look at all of them.</summary>
/// <param name="random">Must be safe for many threads, as <see cref="Random.Shared"/> is.</param>
public sealed class PowerOfTwoChoicesPolicy(Random random) : ILoadBalancingPolicy
{
    public string Name => "p2c";

    public Backend? Pick(BackendSet candidates, ServiceState state, in PickContext context)
    {
        if (candidates.Count < 2) return candidates.Count == 0 ? null : candidates[0];
        var first = random.Next(candidates.Count);
        // Drawn from the others, so that the two are never the same.
        var second = random.Next(candidates.Count - 1);
        if (second >= first) second++;
        var (one, other) = (candidates[first], candidates[second]);
        if (context.Failed is { } failed)
        {
            if (one.IsSameAs(failed)) return other;
            if (other.IsSameAs(failed)) return one;
        }

        return IsBusier(one, other) ? other : one;
    }

    // Active/weight compared crosswise: no division, and nothing special about a weight of 0, which loses against any other.
    private static bool IsBusier(Backend one, Backend other) =>
        (one.State.Active + 1L) * Math.Max(0, other.Weight) > (other.State.Active + 1L) * Math.Max(0, one.Weight);
}

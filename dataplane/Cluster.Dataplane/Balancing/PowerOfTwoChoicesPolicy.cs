using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Balancing;

/// <summary>Of two backends drawn at random, the one with fewer live connections for its weight: slow backends get less, without a look at all of them.</summary>
/// <param name="random">Must be safe for many threads, as <see cref="Random.Shared"/> is.</param>
public sealed class PowerOfTwoChoicesPolicy(Random random) : ILoadBalancingPolicy
{
    public string Name => "p2c";

    public bool Weighs => true;

    /// <summary>Those that have any weight, where others have none: two without any must not be drawn together.</summary>
    public object? Prepare(Backend[] candidates)
    {
        var weighty = Array.FindAll(candidates, static backend => backend.Weight > 0);
        return weighty.Length == 0 || weighty.Length == candidates.Length ? null : weighty;
    }

    public Backend? Pick(BackendSet candidates, ServiceState state, in PickContext context)
    {
        if (candidates.Plan is not Backend[] weighty) return Pick(candidates.Backends, context);
        // Where the only one with a weight has failed, one without is better than none.
        return weighty.Length == 1 && context.Failed is { } failed && weighty[0].IsSameAs(failed)
            ? Pick(candidates.Backends, context)
            : Pick(weighty, context);
    }

    private Backend? Pick(ReadOnlySpan<Backend> candidates, in PickContext context)
    {
        if (candidates.Length < 2) return candidates.IsEmpty ? null : candidates[0];
        var first = random.Next(candidates.Length);
        // Drawn from the others, so that the two are never the same.
        var second = random.Next(candidates.Length - 1);
        if (second >= first) second++;
        var (one, other) = (candidates[first], candidates[second]);
        if (context.Failed is { } failed)
        {
            if (one.IsSameAs(failed)) return other;
            if (other.IsSameAs(failed)) return one;
        }

        return IsBusier(one, other) ? other : one;
    }

    // Active/weight compared crosswise: no division.
    private static bool IsBusier(Backend one, Backend other) =>
        (one.State.Active + 1L) * Math.Max(0, other.Weight) > (other.State.Active + 1L) * Math.Max(0, one.Weight);
}

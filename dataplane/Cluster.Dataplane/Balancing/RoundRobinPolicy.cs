using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Balancing;

/// <summary>Each backend in turn: of n picks over k backends each gets n/k, give or take one. One interlocked add.</summary>
public sealed class RoundRobinPolicy : ILoadBalancingPolicy
{
    public string Name => "round-robin";

    public Backend? Pick(BackendSet candidates, ServiceState state, in PickContext context)
    {
        if (candidates.Count < 2) return candidates.Count == 0 ? null : candidates[0];

        // The cursor wraps after 2^32 turns; the one uneven step there is less than what any change of the backends does.
        var turn = (int)(state.NextTurn() % (uint)candidates.Count);
        // Concurrent picks can have moved the cursor round to the backend that just failed: then its neighbour has the turn.
        if (context.Failed is { } failed && candidates[turn].IsSameAs(failed)) turn = (turn + 1) % candidates.Count;
        return candidates[turn];
    }
}

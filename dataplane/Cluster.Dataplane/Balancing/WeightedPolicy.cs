using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Balancing;

/// <summary>Round robin in which a backend of weight 3 has three turns to another's one, spread out evenly. One interlocked add and one array read.</summary>
/// <remarks>A backend of weight 0 has no turn while another has one; where all weigh 0 all weigh the same.</remarks>
public sealed class WeightedPolicy : ILoadBalancingPolicy
{
    /// <summary>Turns of one round at most (8 kB): larger weights are scaled down, to a precision of a fortieth of a percent.</summary>
    internal const int MaxTurns = 4096;

    public string Name => "weighted";

    public bool Weighs => true;

    public object? Prepare(Backend[] candidates)
    {
        var weights = Weights(candidates);
        var schedule = new ushort[weights.Sum()];
        var credit = new long[weights.Length];
        for (var turn = 0; turn < schedule.Length; turn++) schedule[turn] = NextTurn(weights, credit, schedule.Length);
        return schedule;
    }

    public Backend? Pick(BackendSet candidates, ServiceState state, in PickContext context)
    {
        if (candidates.Count < 2) return candidates.Count == 0 ? null : candidates[0];
        var schedule = (ushort[])candidates.Plan!;
        var turn = (int)(state.NextTurn() % (uint)schedule.Length);
        var picked = candidates[schedule[turn]];
        if (context.Failed is not { } failed || !picked.IsSameAs(failed)) return picked;

        // The next turn that is another's; where only the failed one has turns, its neighbour.
        for (var ahead = 1; ahead < schedule.Length; ahead++)
        {
            var other = candidates[schedule[(turn + ahead) % schedule.Length]];
            if (!other.IsSameAs(failed)) return other;
        }

        return candidates[(schedule[turn] + 1) % candidates.Count];
    }

    // Everyone gains their weight in credit, the richest has the turn and pays the sum of all: turns of one backend end up as far
    // apart as they can be, where a plain list would send it bursts.
    private static ushort NextTurn(int[] weights, long[] credit, int sum)
    {
        var best = 0;
        for (var i = 0; i < weights.Length; i++)
        {
            credit[i] += weights[i];
            if (credit[i] > credit[best]) best = i;
        }

        credit[best] -= sum;
        return (ushort)best;
    }

    private static int[] Weights(Backend[] candidates)
    {
        var weights = Array.ConvertAll(candidates, backend => Math.Max(0, backend.Weight));
        if (weights.All(weight => weight == 0)) Array.Fill(weights, 1);
        var divisor = weights.Aggregate(GreatestCommonDivisor);
        weights = Array.ConvertAll(weights, weight => weight / divisor);
        var sum = weights.Sum(weight => (long)weight);
        if (sum <= MaxTurns || weights.Length >= MaxTurns) return sum <= MaxTurns ? weights : Array.ConvertAll(weights, weight => Math.Min(weight, 1));
        // Rounded up for those that have any weight, so that none falls out.
        return Array.ConvertAll(weights, weight => (int)(((long)weight * (MaxTurns - weights.Length) + sum - 1) / sum));
    }

    private static int GreatestCommonDivisor(int a, int b) => b == 0 ? a : GreatestCommonDivisor(b, a % b);
}

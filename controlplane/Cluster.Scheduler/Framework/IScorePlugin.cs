using Cluster.Scheduler.Snapshot;

namespace Cluster.Scheduler.Framework;

/// <summary>Says how well a pod would be placed on nodes that fit. Stateless; called from the scheduling loop alone.</summary>
public interface IScorePlugin
{
    string Name { get; }

    /// <summary>Writes a score from 0 to <see cref="Scores.Max"/> for each node; leaves them alone where it has no opinion on the pod.</summary>
    void Score(SchedulingCycle cycle, IReadOnlyList<NodeState> nodes, Span<long> scores);
}

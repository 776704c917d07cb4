using Cluster.Client;
using Cluster.Scheduler.Framework;

namespace Cluster.Scheduler;

/// <summary>Which pods are scheduled and how. Read at start.</summary>
public sealed record SchedulerOptions
{
    /// <summary>One a scheduler name; pods that name another are left alone.</summary>
    public IReadOnlyList<SchedulingProfile> Profiles { get; init; } = [DefaultProfile.Create()];

    /// <summary>Schedule only while holding this lease; null: always.</summary>
    public LeaderElectionOptions? LeaderElection { get; init; }

    /// <summary>Bindings and status writes under way at once. The API server answers each in a few milliseconds: enough for thousands a second.</summary>
    public int MaxParallelWrites { get; init; } = 32;

    /// <summary>Breaks ties between nodes that score the same.</summary>
    public Random Random { get; init; } = Random.Shared;
}

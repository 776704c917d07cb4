namespace Cluster.Scheduler.Framework;

/// <summary>A score plug-in and what its opinion weighs.</summary>
public readonly record struct WeightedScore(IScorePlugin Plugin, long Weight);

/// <summary>How pods that name a scheduler are placed. Immutable.</summary>
/// <param name="SchedulerName">Pods with this <c>spec.schedulerName</c> are placed by it.</param>
/// <param name="Filters">Asked in this order; the first that rejects a node ends the questions about it.</param>
/// <param name="Scores">Summed by weight.</param>
public sealed record SchedulingProfile(string SchedulerName, IReadOnlyList<IFilterPlugin> Filters, IReadOnlyList<WeightedScore> Scores);

using System.Diagnostics.Metrics;

namespace Cluster.Scheduler;

/// <summary>What the scheduler counts, under Kubernetes' names.</summary>
internal static class SchedulerMetrics
{
    private static readonly Meter Meter = new("Cluster.Scheduler");

    public static readonly Counter<long> Attempts =
        Meter.CreateCounter<long>("scheduler_schedule_attempts_total", null, "Attempts by result: scheduled, unschedulable, error");

    public static readonly Histogram<double> AlgorithmSeconds =
        Meter.CreateHistogram<double>("scheduler_scheduling_algorithm_duration_seconds", "s", "Time to choose a node");

    public static readonly Histogram<double> BindingSeconds =
        Meter.CreateHistogram<double>("scheduler_binding_duration_seconds", "s", "Time of a binding's request");

    public static void Attempt(string result) => Attempts.Add(1, new KeyValuePair<string, object?>("result", result));
}

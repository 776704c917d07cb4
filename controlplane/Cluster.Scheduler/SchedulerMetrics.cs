using System.Diagnostics.Metrics;
using Cluster.Scheduler.Queue;
using Cluster.Scheduler.Snapshot;

namespace Cluster.Scheduler;

/// <summary>What the scheduler counts, under Kubernetes' names.</summary>
internal static class SchedulerMetrics
{
    private static readonly Meter Meter = new("Cluster.Scheduler");

    // Kubernetes': from a millisecond, each twice the one before.
    private static readonly InstrumentAdvice<double> Attempts15 = new() { HistogramBucketBoundaries = [.. Enumerable.Range(0, 15).Select(power => 0.001 * (1 << power))] };

    private static readonly InstrumentAdvice<double> Waits = new() { HistogramBucketBoundaries = [.. Enumerable.Range(0, 20).Select(power => 0.01 * (1 << power))] };

    private static readonly Counter<long> Attempts =
        Meter.CreateCounter<long>("scheduler_schedule_attempts_total", null, "Attempts by result (scheduled, unschedulable, error) and profile");

    private static readonly Histogram<double> AttemptSeconds = Meter.CreateHistogram(
        "scheduler_scheduling_attempt_duration_seconds", "s", "Time of an attempt, its binding included, by result and profile", tags: null, Attempts15);

    private static readonly Histogram<double> PodSeconds = Meter.CreateHistogram(
        "scheduler_pod_scheduling_sli_duration_seconds", "s", "Time of a pod from when it was seen until it was bound, by the attempts it took", tags: null, Waits);

    private static readonly Histogram<double> PodAttempts = Meter.CreateHistogram(
        "scheduler_pod_scheduling_attempts", null, "Attempts until a pod was bound", tags: null, new InstrumentAdvice<double> { HistogramBucketBoundaries = [1, 2, 4, 8, 16] });

    public static readonly Histogram<double> AlgorithmSeconds =
        Meter.CreateHistogram("scheduler_scheduling_algorithm_duration_seconds", "s", "Time to choose a node", tags: null, Attempts15);

    public static readonly Histogram<double> BindingSeconds =
        Meter.CreateHistogram("scheduler_binding_duration_seconds", "s", "Time of a binding's request", tags: null, Attempts15);

    /// <summary>Pods that wait, in each of the queue's states, as long as it is not disposed of.</summary>
    public static IDisposable Observe(SchedulingQueue queue)
    {
        var meter = new Meter("Cluster.Scheduler.Queue");
        meter.CreateObservableGauge("scheduler_pending_pods", () => PendingPods(queue), null, "Pods without a node, by where they wait");
        return meter;
    }

    /// <summary>An attempt is over.</summary>
    /// <param name="result"><c>scheduled</c>, <c>unschedulable</c> or <c>error</c>.</param>
    /// <param name="pod">Which was tried.</param>
    /// <param name="took">From when it was taken out of the queue.</param>
    public static void Attempt(string result, PendingPod pod, TimeSpan took)
    {
        KeyValuePair<string, object?> profile = new("profile", ClusterFeed.NameOf(pod.Spec)), outcome = new("result", result);
        Attempts.Add(1, profile, outcome);
        AttemptSeconds.Record(took.TotalSeconds, profile, outcome);
    }

    /// <summary>A pod is bound.</summary>
    /// <param name="attempts">That it took.</param>
    /// <param name="since">It was seen.</param>
    public static void Bound(int attempts, TimeSpan since)
    {
        PodAttempts.Record(attempts);
        // Kubernetes tells all beyond fifteen together.
        PodSeconds.Record(since.TotalSeconds, new KeyValuePair<string, object?>("attempts", attempts > 15 ? "16+" : attempts.ToString(System.Globalization.CultureInfo.InvariantCulture)));
    }

    private static IEnumerable<Measurement<long>> PendingPods(SchedulingQueue queue)
    {
        yield return Pending("active", queue.Count(QueueState.Active));
        yield return Pending("backoff", queue.Count(QueueState.Backoff));
        yield return Pending("unschedulable", queue.Count(QueueState.Unschedulable));
    }

    private static Measurement<long> Pending(string place, int count) => new(count, new KeyValuePair<string, object?>("queue", place));
}

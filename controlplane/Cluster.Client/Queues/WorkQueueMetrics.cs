using System.Collections.Concurrent;
using System.Diagnostics.Metrics;

namespace Cluster.Client;

/// <summary>What a named queue tells of itself, under the names of client-go's queues.</summary>
/// <remarks>Safe for concurrent use. It is counted from its making until it is disposed.</remarks>
internal sealed class WorkQueueMetrics : IDisposable
{
    private static readonly ConcurrentDictionary<WorkQueueMetrics, bool> Queues = new();

    private static readonly Meter Meter = Observe(new Meter("Cluster.Client"));

    // client-go's: from ten nanoseconds, by tens.
    private static readonly InstrumentAdvice<double> Buckets = new() { HistogramBucketBoundaries = [1e-8, 1e-7, 1e-6, 1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1, 10] };

    private static readonly UpDownCounter<long> Depth = Meter.CreateUpDownCounter<long>("workqueue_depth", description: "Keys that wait to be worked on.");

    private static readonly Counter<long> Adds = Meter.CreateCounter<long>("workqueue_adds_total", description: "Keys that were added.");

    private static readonly Counter<long> Retries =
        Meter.CreateCounter<long>("workqueue_retries_total", description: "Keys that failed and were queued again.");

    private static readonly Histogram<double> QueueSeconds = Meter.CreateHistogram(
        "workqueue_queue_duration_seconds", "s", "Time of a key in the queue before it is worked on.", tags: null, Buckets);

    private static readonly Histogram<double> WorkSeconds = Meter.CreateHistogram(
        "workqueue_work_duration_seconds", "s", "Time of the work on a key.", tags: null, Buckets);

    private readonly KeyValuePair<string, object?> _name;
    private readonly TimeProvider _time;
    private readonly Func<long[]> _underWay;

    /// <param name="name">Of the queue.</param>
    /// <param name="time">The clock of durations.</param>
    /// <param name="underWay">When the work on each key began that a worker has now.</param>
    public WorkQueueMetrics(string name, TimeProvider time, Func<long[]> underWay)
    {
        (_name, _time, _underWay) = (new("name", name), time, underWay);
        Depth.Add(0, _name);
        Retries.Add(0, _name);
        Queues[this] = true;
    }

    /// <summary>A key waits that did not.</summary>
    public void Added()
    {
        Depth.Add(1, _name);
        Adds.Add(1, _name);
    }

    /// <summary>A worker has it.</summary>
    public void Taken(long added)
    {
        Depth.Add(-1, _name);
        QueueSeconds.Record(_time.GetElapsedTime(added).TotalSeconds, _name);
    }

    public void Done(long taken) => WorkSeconds.Record(_time.GetElapsedTime(taken).TotalSeconds, _name);

    public void Retried() => Retries.Add(1, _name);

    public void Dispose() => Queues.TryRemove(this, out _);

    private static Meter Observe(Meter meter)
    {
        meter.CreateObservableGauge(
            "workqueue_unfinished_work_seconds", () => Measure(static durations => durations.Sum()), "s", "Time of all work that is under way and not finished.");
        meter.CreateObservableGauge(
            "workqueue_longest_running_processor_seconds", () => Measure(static durations => durations.DefaultIfEmpty().Max()), "s", "Time of the longest work that is under way.");
        return meter;
    }

    private static IEnumerable<Measurement<double>> Measure(Func<IEnumerable<double>, double> what) => Queues.Keys.Select(
        queue => new Measurement<double>(what(queue._underWay().Select(started => queue._time.GetElapsedTime(started).TotalSeconds)), queue._name));
}

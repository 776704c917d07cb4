using System.Diagnostics.Metrics;
using Microsoft.Extensions.Time.Testing;

namespace Cluster.Client.Tests.Queues;

/// <summary>client-go's metrics of queues, by the names that dashboards of controllers know.</summary>
public sealed class WorkQueueMetricsTests : IDisposable
{
    private const string Name = "of-this-test";

    private readonly FakeTimeProvider _time = new();
    private readonly MeterListener _listener = new();
    private readonly Dictionary<string, List<double>> _measured = [];

    public WorkQueueMetricsTests()
    {
        _listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Name.StartsWith("workqueue_", StringComparison.Ordinal)) listener.EnableMeasurementEvents(instrument);
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.SetMeasurementEventCallback<double>((instrument, value, tags, _) => Note(instrument, value, tags));
        _listener.Start();
    }

    public void Dispose() => _listener.Dispose();

    [Fact]
    public async Task Queue_WithAName_TellsItsDepthItsWaitsAndItsWork()
    {
        using var queue = new WorkQueue<string>(_time, Name);
        queue.Add("a");
        queue.Add("a");
        queue.Add("b");
        Assert.Equal((2, 2), (Sum("workqueue_depth"), Sum("workqueue_adds_total")));

        _time.Advance(TimeSpan.FromSeconds(3));
        var key = await queue.GetAsync(TestContext.Current.CancellationToken);
        Assert.Equal((1, 3), (Sum("workqueue_depth"), Sum("workqueue_queue_duration_seconds")));

        _time.Advance(TimeSpan.FromSeconds(2));
        _listener.RecordObservableInstruments();
        Assert.Equal((2, 2), (Sum("workqueue_unfinished_work_seconds"), Sum("workqueue_longest_running_processor_seconds")));

        queue.AddRateLimited(key);
        queue.Done(key);
        Assert.Equal((2, 1), (Sum("workqueue_work_duration_seconds"), Sum("workqueue_retries_total")));
        _time.Advance(TimeSpan.FromMinutes(1));
        Assert.Equal((2, 3), (Sum("workqueue_depth"), Sum("workqueue_adds_total")));
    }

    [Fact]
    public void Queue_WithoutAName_TellsNothing()
    {
        using var queue = new WorkQueue<string>(_time);
        queue.Add("a");

        Assert.Empty(_measured);
    }

    private double Sum(string metric) => _measured.TryGetValue(metric, out var values) ? values.Sum() : double.NaN;

    // Of this test's queue: others of the process run beside it.
    private void Note(Instrument instrument, double value, ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        if (tags is not [{ Key: "name", Value: Name }])
            return;
        if (!_measured.TryGetValue(instrument.Name, out var values))
            _measured[instrument.Name] = values = [];
        values.Add(value);
    }
}

using System.Diagnostics.Metrics;
using Cluster.Proxy.Serving;

namespace Cluster.Proxy.Tests.Serving;

public sealed class MetricsTextTests
{
    [Fact]
    public void ToString_Instruments_AreInPrometheusForm()
    {
        using var text = new MetricsText();
        using var meter = new Meter("Cluster.Test");
        using var foreign = new Meter("Other");
        var counter = meter.CreateCounter<long>("test_total", description: "Things");
        foreign.CreateCounter<long>("foreign_total").Add(1);
        counter.Add(2, new KeyValuePair<string, object?>("code", "a\"b"));
        counter.Add(3, new KeyValuePair<string, object?>("code", "a\"b"));
        meter.CreateObservableGauge("test_gauge", () => 7L);
        meter.CreateHistogram<double>("test_seconds").Record(0.5);

        var lines = text.ToString().Split('\n');
        Assert.Contains("# HELP test_total Things", lines);
        Assert.Contains("# TYPE test_total counter", lines);
        Assert.Contains("test_total{code=\"a\\\"b\"} 5", lines);
        Assert.Contains("test_gauge 7", lines);
        Assert.Contains("test_seconds_sum 0.5", lines);
        Assert.Contains("test_seconds_count 1", lines);
        Assert.DoesNotContain(lines, line => line.Contains("foreign", StringComparison.Ordinal));
    }

    [Fact]
    public void Record_CounterWithoutTags_AllocatesNothing()
    {
        using var text = new MetricsText();
        using var meter = new Meter("Cluster.Test.Counting");
        var counter = meter.CreateCounter<long>("test_counted_total");
        var gauge = meter.CreateUpDownCounter<long>("test_counted");
        for (var i = 0; i < 100; i++) counter.Add(1);
        var before = GC.GetAllocatedBytesForCurrentThread();
        for (var i = 0; i < 1000; i++)
        {
            counter.Add(1);
            gauge.Add(1);
            gauge.Add(-1);
        }

        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        counter.Add(2, new KeyValuePair<string, object?>("code", "a"));
        var lines = text.ToString().Split('\n');
        Assert.Contains("test_counted_total 1100", lines);
        Assert.Contains("test_counted_total{code=\"a\"} 2", lines);
        Assert.Contains("test_counted 0", lines);
    }
}

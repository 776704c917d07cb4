using System.Diagnostics.Metrics;
using Cluster.ApiServer.Health;

namespace Cluster.ApiServer.Tests.Health;

public sealed class PrometheusExporterTests : IDisposable
{
    private readonly Meter _meter = new("Test.Exporter");
    private readonly PrometheusExporter _exporter = new("Test.Exporter");

    [Fact]
    public void Export_CounterWithTags_IsALineEach()
    {
        var counter = _meter.CreateCounter<long>("things_total", description: "Things.");
        counter.Add(2, new KeyValuePair<string, object?>("code", "200"), new("verb", "GET"));
        counter.Add(3, new KeyValuePair<string, object?>("code", "200"), new("verb", "GET"));
        counter.Add(1, new KeyValuePair<string, object?>("code", 404), new("verb", "a\"b\\c\nd"));

        Assert.Equal(
            "# HELP things_total Things.\n# TYPE things_total counter\n"
            + "things_total{code=\"200\",verb=\"GET\"} 5\nthings_total{code=\"404\",verb=\"a\\\"b\\\\c\\nd\"} 1\n",
            _exporter.Export());
    }

    [Fact]
    public void Export_Histogram_HasCumulativeBuckets()
    {
        var advice = new InstrumentAdvice<double> { HistogramBucketBoundaries = [0.1, 1] };
        var histogram = _meter.CreateHistogram("wait_seconds", null, null, null, advice);
        foreach (var value in (double[])[0.05, 0.1, 0.5, 7])
            histogram.Record(value);

        Assert.Equal(
            "# TYPE wait_seconds histogram\nwait_seconds_bucket{le=\"0.1\"} 2\nwait_seconds_bucket{le=\"1\"} 3\n"
            + "wait_seconds_bucket{le=\"+Inf\"} 4\nwait_seconds_sum 7.65\nwait_seconds_count 4\n",
            _exporter.Export());
    }

    [Fact]
    public void Export_GaugesUpDownAndObserved_TellTheirValue()
    {
        var open = _meter.CreateUpDownCounter<long>("open");
        open.Add(3);
        open.Add(-1);
        var level = 4;
        _meter.CreateObservableGauge("level", () => level);
        _exporter.Export();
        level = 6;

        Assert.Equal("# TYPE level gauge\nlevel 6\n# TYPE open gauge\nopen 2\n", _exporter.Export());
    }

    public void Dispose()
    {
        _exporter.Dispose();
        _meter.Dispose();
    }
}

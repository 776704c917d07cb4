using System.Net;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;
using Cluster.Proxy.Serving;

namespace Cluster.Proxy.Tests.Serving;

public sealed class PrometheusTextTests
{
    [Fact]
    public void Histogram_Buckets_AddUpAndAreClosedBySumAndCount()
    {
        var text = new PrometheusText();
        text.Family("t_seconds", "histogram", "Of\nthings");
        text.Histogram("t_seconds", "a=\"b\"", new HistogramSnapshot([0.00005, 1], [2, 0, 3], 4.5));
        text.Histogram("t_seconds", "", new HistogramSnapshot([1], [0, 1], 2));
        Assert.Equal(
            """
            # HELP t_seconds Of\nthings
            # TYPE t_seconds histogram
            t_seconds_bucket{a="b",le="0.00005"} 2
            t_seconds_bucket{a="b",le="1"} 2
            t_seconds_bucket{a="b",le="+Inf"} 5
            t_seconds_sum{a="b"} 4.5
            t_seconds_count{a="b"} 5
            t_seconds_bucket{le="1"} 0
            t_seconds_bucket{le="+Inf"} 1
            t_seconds_sum 2
            t_seconds_count 1

            """,
            text.ToString());
    }

    [Fact]
    public void Backends_GoneAndOnTheirWayOutAtOneAddress_AreOneSample()
    {
        var directory = new ServiceDirectory();
        var port = new ServicePort(new ServicePortId("shop/web:http", ServiceProtocol.Tcp), 80);
        foreach (var uid in new[] { "a", "b", "c" })
        {
            directory.Set(port, [new Backend(uid, IPEndPoint.Parse("10.1.0.1:8080")) { Health = BackendHealth.Terminating }]);
            directory.Publish();
            directory.Find(port.Id)!.Backends[0].State.Opened();
        }

        var text = new PrometheusText();
        BackendText.AddTo(text, directory, null, new Dictionary<string, long>());
        var line = Assert.Single(text.ToString().Split('\n'), line => line.StartsWith("dataplane_backend_draining_connections{", StringComparison.Ordinal));
        Assert.Equal("dataplane_backend_draining_connections{service=\"shop/web:http\",protocol=\"TCP\",backend=\"10.1.0.1:8080\"} 3", line);
    }

    [Fact]
    public void ServicesAndBackends_ThatWereUsed_AreWritten()
    {
        var directory = new ServiceDirectory();
        directory.Set(new ServicePort(new ServicePortId("shop/web:http", ServiceProtocol.Tcp), 80), [new Backend("a", IPEndPoint.Parse("10.1.0.1:8080"))]);
        directory.Set(new ServicePort(new ServicePortId("shop/idle", ServiceProtocol.Udp), 80), []);
        directory.Publish();
        var entry = directory.Find(new ServicePortId("shop/web:http", ServiceProtocol.Tcp))!;
        entry.Backends[0].State.Opened();
        entry.Backends[0].State.Moved(7, 9);
        entry.State.Traffic.ConnectTimes.Record(TimeSpan.FromMilliseconds(0.2));
        entry.State.Traffic.Dropped(DropReason.Idle);
        var text = new PrometheusText();
        BackendText.AddTo(text, directory, null, new Dictionary<string, long>());
        ServiceText.AddTo(text, directory.Current);
        var lines = text.ToString().Split('\n');
        Assert.Contains("dataplane_backend_bytes_total{service=\"shop/web:http\",protocol=\"TCP\",backend=\"10.1.0.1:8080\",direction=\"to_backend\"} 7", lines);
        Assert.Contains("dataplane_backend_connections{service=\"shop/web:http\",protocol=\"TCP\",backend=\"10.1.0.1:8080\"} 1", lines);
        Assert.Contains("dataplane_connect_duration_seconds_bucket{service=\"shop/web:http\",protocol=\"TCP\",le=\"0.00025\"} 1", lines);
        Assert.Contains("dataplane_dropped_total{service=\"shop/web:http\",protocol=\"TCP\",reason=\"idle\"} 1", lines);
        Assert.DoesNotContain(lines, line => line.Contains("shop/idle", StringComparison.Ordinal));
    }
}

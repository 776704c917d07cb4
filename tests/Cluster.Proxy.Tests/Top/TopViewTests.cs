using Cluster.Proxy.Top;

namespace Cluster.Proxy.Tests.Top;

public sealed class TopViewTests
{
    private static readonly DateTimeOffset Start = new(2025, 1, 1, 0, 0, 0, TimeSpan.Zero);

    [Fact]
    public void Rows_TwoSnapshots_ShowRatesAndTheBusiestFirst()
    {
        var before = Snapshot(0, web: 100, api: 5, failures: 1);
        var now = Snapshot(2, web: 300, api: 5, failures: 7);

        var rows = TopView.Rows(now, before, 100);

        Assert.Equal(["shop/web", "TCP", "loop", "4", "100", "300", "7", "3"], Cells(rows[0]));
        Assert.Equal(["10.0.0.1:80", "4", "100", "300", "7", "3"], Cells(rows[1]));
        Assert.Equal(["shop/api", "UDP", "managed", "0", "0", "5", "0", "0"], Cells(rows[2]));
        Assert.Equal(["idle", "TCP", "connect", "0", "0", "0", "0", "0"], Cells(rows[4]));
        Assert.All(rows, row => Assert.InRange(row.Length, 1, 100));
    }

    [Fact]
    public void Rows_OneSnapshot_KnowNoRates() => Assert.Equal(["shop/web", "TCP", "loop", "4", "-", "100", "1", "-"], Cells(TopView.Rows(Snapshot(0, 100, 5, 1), null, 100)[0]));

    [Fact]
    public void Rows_CounterThatWentBack_CountsFromNothing() =>
        Assert.Equal("20", Cells(TopView.Rows(Snapshot(1, 20, 5, 0), Snapshot(0, 100, 5, 9), 100)[0])[4]);

    [Theory]
    [InlineData(40)]
    [InlineData(79)]
    [InlineData(200)]
    public void View_AnyWidth_FitsIt(int width)
    {
        var snapshot = Snapshot(1, 1e12, 5, 1);
        Assert.All(TopView.Header("127.0.0.1:9090", snapshot, snapshot, width).Concat(TopView.Rows(snapshot, snapshot, width)), line => Assert.InRange(line.Length, 0, width));
    }

    [Fact]
    public void Header_Totals_AreThoseOfTheWholeProxy()
    {
        var header = TopView.Header("127.0.0.1:9090", Snapshot(2, 300, 5, 7), Snapshot(0, 100, 5, 1), 200);
        Assert.Contains("127.0.0.1:9090   3 services", header[0], StringComparison.Ordinal);
        Assert.Contains("relayed 4   accepted/s 100 ", header[1], StringComparison.Ordinal);
        Assert.Contains("connect failures/s 3", header[1], StringComparison.Ordinal);
    }

    private static TopSnapshot Snapshot(int seconds, double web, double api, double failures) => new(
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $$"""
            dataplane_tcp_connections 4
            dataplane_tcp_connections_total {{web}}
            dataplane_tcp_connect_failures_total {{failures}}
            dataplane_backend_connections{service="shop/web",protocol="TCP",backend="10.0.0.1:80"} 4
            dataplane_backend_connections_total{service="shop/web",protocol="TCP",backend="10.0.0.1:80"} {{web}}
            dataplane_backend_connect_failures_total{service="shop/web",protocol="TCP",backend="10.0.0.1:80"} {{failures}}
            dataplane_backend_connections_total{service="shop/api",protocol="UDP",backend="10.0.0.2:80"} {{api}}
            """),
        "shop/web\tTCP\tloop\tbecause\nshop/api\tUDP\tmanaged\tbecause\nidle\tTCP\tconnect\tbecause\n",
        Start.AddSeconds(seconds));

    private static string[] Cells(string row) => row.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}

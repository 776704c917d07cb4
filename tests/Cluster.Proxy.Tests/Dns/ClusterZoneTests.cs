using Cluster.Client;
using Cluster.Dataplane.Dns;
using Cluster.Proxy.Dns;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Proxy.Tests.Dns;

public sealed class ClusterZoneTests : IAsyncLifetime
{
    private readonly CancellationTokenSource _stop = new();
    private readonly FakeApiClient _api = new();
    private ClusterZone _zone = null!;
    private Task _running = Task.CompletedTask;

    public async ValueTask InitializeAsync()
    {
        _api.Seed(Make.Service("web", "10.96.0.5", Make.Port(80, "http"), Make.Port(53, "dns", "UDP")));
        _api.Seed(Make.Service("plain", "10.96.0.6", Make.Port(80)));
        _api.Seed(Make.Service("db", "None", Make.Port(5432, "sql")));
        _api.Seed(Make.Slice("db", [Make.EndpointPort(5432, "sql")],
            Make.Endpoint("10.244.0.7", hostname: "db-0"), Make.Endpoint("10.244.0.8"), Make.Endpoint("10.244.0.9", ready: false, hostname: "db-2")));
        _api.Seed(Make.Service("empty", "None", Make.Port(1, "x")));
        var external = Make.Service("ext", "");
        external.Spec.Type = "ExternalName";
        external.Spec.ExternalName = "Example.COM.";
        _api.Seed(external);
        var inside = Make.Service("inside", "");
        inside.Spec.Type = "ExternalName";
        inside.Spec.ExternalName = "web.shop.svc.cluster.local";
        _api.Seed(inside);

        var informers = new InformerFactory(_api, NullLogger.Instance);
        _zone = new ClusterZone(informers, "cluster.local", TimeProvider.System);
        _running = informers.RunAsync(_stop.Token);
        await informers.WaitForSyncAsync(_stop.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private DnsAnswer Ask(string name, DnsType type) => _zone.Answer(new DnsQuestion(name, type))!;

    private string[] Addresses(string name) => [.. Ask(name, DnsType.A).Records.Cast<AddressRecord>().Select(record => record.Address.ToString()).Order()];

    [Fact]
    public void Service_WithClusterIP_IsItsAddress()
    {
        Assert.Equal(["10.96.0.5"], Addresses("web.shop.svc.cluster.local"));
        Assert.InRange(Ask("web.shop.svc.cluster.local", DnsType.A).Records[0].TtlSeconds, 5, 30);
    }

    [Theory]
    [InlineData("web.shop.svc.cluster.local", DnsType.AAAA)]
    [InlineData("shop.svc.cluster.local", DnsType.A)]
    [InlineData("svc.cluster.local", DnsType.A)]
    [InlineData("cluster.local", DnsType.A)]
    [InlineData("_tcp.web.shop.svc.cluster.local", DnsType.A)]
    public void Name_WithoutRecordsOfTheType_ExistsButIsEmpty(string name, DnsType type)
    {
        var answer = Ask(name, type);
        Assert.Equal(DnsResponseCode.NoError, answer.Code);
        Assert.Empty(answer.Records);
        Assert.Equal("cluster.local", answer.Authority!.Name);
    }

    [Theory]
    [InlineData("none.shop.svc.cluster.local")]
    [InlineData("web.other.svc.cluster.local")]
    [InlineData("other.svc.cluster.local")]
    [InlineData("a.b.c.d.e.svc.cluster.local")]
    [InlineData("x.cluster.local")]
    [InlineData("empty.shop.svc.cluster.local")]
    [InlineData("_none._tcp.web.shop.svc.cluster.local")]
    [InlineData("_http._udp.web.shop.svc.cluster.local")]
    [InlineData("pod.web.shop.svc.cluster.local")]
    [InlineData("nonsense.shop.pod.cluster.local")]
    public void Name_Unknown_IsANameErrorWithAuthority(string name)
    {
        var answer = Ask(name, DnsType.A);
        Assert.Equal(DnsResponseCode.NameError, answer.Code);
        Assert.NotNull(answer.Authority);
    }

    [Theory]
    [InlineData("example.com")]
    [InlineData("web.shop.svc.cluster.localhost")]
    [InlineData("notcluster.local")]
    [InlineData("1.2.0.192.in-addr.arpa")]
    public void Name_OutsideOfTheCluster_IsNotAnswered(string name) => Assert.Null(_zone.Answer(new DnsQuestion(name, DnsType.A)));

    [Fact]
    public void Service_Headless_IsItsReadyEndpoints() => Assert.Equal(["10.244.0.7", "10.244.0.8"], Addresses("db.shop.svc.cluster.local"));

    [Fact]
    public void Endpoint_OfHeadlessService_HasItsHostNameOrItsAddressAsName()
    {
        Assert.Equal(["10.244.0.7"], Addresses("db-0.db.shop.svc.cluster.local"));
        Assert.Equal(["10.244.0.8"], Addresses("10-244-0-8.db.shop.svc.cluster.local"));
        Assert.Equal(DnsResponseCode.NameError, Ask("db-2.db.shop.svc.cluster.local", DnsType.A).Code);
    }

    [Fact]
    public void Srv_OfServiceWithClusterIP_NamesTheService()
    {
        var answer = Ask("_dns._udp.web.shop.svc.cluster.local", DnsType.SRV);
        var record = Assert.IsType<ServerRecord>(Assert.Single(answer.Records));
        Assert.Equal((0, 100, 53, "web.shop.svc.cluster.local"), (record.Priority, record.Weight, record.Port, record.Target));
        Assert.Equal("10.96.0.5", Assert.IsType<AddressRecord>(Assert.Single(answer.Additional)).Address.ToString());
        Assert.Equal(2, Ask("web.shop.svc.cluster.local", DnsType.SRV).Records.Count);
        Assert.Empty(Ask("plain.shop.svc.cluster.local", DnsType.SRV).Records);
    }

    [Fact]
    public void Srv_OfHeadlessService_NamesItsEndpoints()
    {
        var records = Ask("_sql._tcp.db.shop.svc.cluster.local", DnsType.SRV).Records.Cast<ServerRecord>();
        Assert.Equal(["10-244-0-8.db.shop.svc.cluster.local", "db-0.db.shop.svc.cluster.local"], records.Select(record => record.Target).Order());
        Assert.All(records, record => Assert.Equal(5432, record.Port));
    }

    [Fact]
    public void Reverse_OfServicesAndHeadlessEndpoints_IsTheirName()
    {
        Assert.Equal("web.shop.svc.cluster.local", Reverse("5.0.96.10.in-addr.arpa"));
        Assert.Equal("db-0.db.shop.svc.cluster.local", Reverse("7.0.244.10.in-addr.arpa"));

        string Reverse(string name) => Assert.IsType<NameRecord>(Assert.Single(Ask(name, DnsType.PTR).Records)).Target;
    }

    [Fact]
    public void Pod_ByItsAddress_IsTheAddress()
    {
        Assert.Equal(["10.244.0.7"], Addresses("10-244-0-7.shop.pod.cluster.local"));
        Assert.Equal("fd00::7", Assert.IsType<AddressRecord>(Assert.Single(Ask("fd00--7.shop.pod.cluster.local", DnsType.AAAA).Records)).Address.ToString());
    }

    [Fact]
    public void ExternalName_IsAnAlias()
    {
        Assert.Equal("example.com", Assert.IsType<NameRecord>(Assert.Single(Ask("ext.shop.svc.cluster.local", DnsType.A).Records)).Target);
        var inside = Ask("inside.shop.svc.cluster.local", DnsType.A).Records;
        Assert.Equal(("web.shop.svc.cluster.local", "10.96.0.5"), (((NameRecord)inside[0]).Target, ((AddressRecord)inside[1]).Address.ToString()));
    }

    [Fact]
    public void Version_IsTheSpecifications() => Assert.Equal("1.1.0", Assert.IsType<TextRecord>(Assert.Single(Ask("dns-version.cluster.local", DnsType.TXT).Records)).Text);

    [Fact]
    public void Answers_OfSeveralRecords_ComeInRandomOrder() =>
        Assert.Equal(2, Enumerable.Range(0, 60).Select(_ => ((AddressRecord)Ask("db.shop.svc.cluster.local", DnsType.A).Records[0]).Address.ToString()).Distinct().Count());
}

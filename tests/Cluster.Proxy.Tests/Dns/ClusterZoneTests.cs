using Cluster.Api.CoreV1;
using Cluster.Api.DiscoveryV1;
using Cluster.Client;
using Cluster.Dataplane.Dns;
using Cluster.Dataplane.Tests.Dns;
using Cluster.Proxy.Dns;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Proxy.Tests.Dns;

public sealed class ClusterZoneTests : IAsyncLifetime
{
    private readonly CancellationTokenSource _stop = new();
    private readonly FakeApiClient _api = new();
    private readonly DnsZone _zone = new("cluster.local", TimeSpan.FromSeconds(5));
    private readonly byte[] _buffer = new byte[DnsResponder.MaxTcpBytes];
    private DnsResponder _responder = null!;
    private Task _running = Task.CompletedTask;

    public async ValueTask InitializeAsync()
    {
        var web = Make.Service("web", "10.96.0.5", Make.Port(80, "http"), Make.Port(53, "dns", "UDP"));
        web.Spec.ClusterIPs.Add("fd00:10:96::5");
        _api.Seed(web);
        _api.Seed(Make.Service("plain", "10.96.0.6", Make.Port(80)));
        _api.Seed(Make.Service("db", "None", Make.Port(5432, "sql")));
        _api.Seed(Make.Slice("db", [Make.EndpointPort(5432, "sql")],
            Make.Endpoint("10.244.0.7", hostname: "db-0"), Make.Endpoint("10.244.0.8"), Make.Endpoint("10.244.0.9", ready: false, hostname: "db-2")));
        _api.Seed(Make.Service("empty", "None", Make.Port(1, "x")));
        var early = Make.Service("early", "None");
        early.Spec.PublishNotReadyAddresses = true;
        _api.Seed(early);
        _api.Seed(Make.Slice("early", 1, Make.Endpoint("10.244.0.19", ready: false, hostname: "early-0")));
        _api.Seed(External("ext", "Example.COM."));
        _api.Seed(External("inside", "web.shop.svc.cluster.local"));

        var informers = new InformerFactory(_api, NullLogger.Instance);
        var names = new ClusterZone(informers, _zone, "cluster.local", NullLogger.Instance);
        _responder = new DnsResponder(_zone, new DnsCache(10, 10_000), () => new ResolverSettings([], []), new DnsServerOptions());
        _running = Task.WhenAll(informers.RunAsync(_stop.Token), names.RunAsync(_stop.Token));
        await Eventually.True(() => _zone.IsLoaded);
    }

    public async ValueTask DisposeAsync()
    {
        await _stop.CancelAsync();
        await _running;
        _stop.Dispose();
    }

    private DnsMessage Ask(string name, DnsType type = DnsType.A)
    {
        var query = DnsMessage.Query(name, type);
        query.CopyTo(_buffer, 0);
        return DnsMessage.Parse(_buffer.AsSpan(0, _responder.Answer(_buffer, query.Length, tcp: true, new DnsWorkspace(new DnsCounts()))));
    }

    private string[] Data(string name, DnsType type = DnsType.A) => Ask($"{name}.cluster.local", type).Data;

    private DnsResponseCode Code(string name) => Ask($"{name}.cluster.local").Code;

    private static Service External(string name, string target)
    {
        var external = Make.Service(name, "");
        external.Spec.Type = "ExternalName";
        external.Spec.ExternalName = target;
        return external;
    }

    [Fact]
    public void Service_WithClusterIPs_IsTheirAddress()
    {
        Assert.Equal(["10.96.0.5"], Data("web.shop.svc"));
        Assert.Equal(["fd00:10:96::5"], Data("web.shop.svc", DnsType.AAAA));
        Assert.InRange(Ask("web.shop.svc.cluster.local").Answers[0].Ttl, 5, 30);
    }

    [Theory]
    [InlineData("plain.shop.svc", DnsType.AAAA)]
    [InlineData("shop.svc", DnsType.A)]
    [InlineData("shop.pod", DnsType.A)]
    [InlineData("svc", DnsType.A)]
    [InlineData("_tcp.web.shop.svc", DnsType.A)]
    [InlineData("empty.shop.svc", DnsType.A)]
    [InlineData("plain.shop.svc", DnsType.SRV)]
    public void Name_WithoutRecordsOfTheType_ExistsButIsEmpty(string name, DnsType type)
    {
        var answer = Ask($"{name}.cluster.local", type);
        Assert.Equal((DnsResponseCode.NoError, 0, "cluster.local"), (answer.Code, answer.Answers.Count, answer.Authorities[0].Name));
    }

    [Theory]
    [InlineData("none.shop.svc")]
    [InlineData("web.other.svc")]
    [InlineData("other.svc")]
    [InlineData("x")]
    [InlineData("_none._tcp.web.shop.svc")]
    [InlineData("_http._udp.web.shop.svc")]
    [InlineData("pod.web.shop.svc")]
    [InlineData("db-2.db.shop.svc")]
    public void Name_Unknown_IsANameError(string name) => Assert.Equal(DnsResponseCode.NameError, Code(name));

    [Fact]
    public void Service_Headless_IsItsReadyEndpoints()
    {
        Assert.Equal(["10.244.0.7", "10.244.0.8"], Data("db.shop.svc"));
        Assert.Equal(["10.244.0.7"], Data("db-0.db.shop.svc"));
        Assert.Equal(["10.244.0.8"], Data("10-244-0-8.db.shop.svc"));
    }

    [Fact]
    public void Service_ThatPublishesNotReadyAddresses_HasThem()
    {
        Assert.Equal(["10.244.0.19"], Data("early.shop.svc"));
        Assert.Equal(["10.244.0.19"], Data("early-0.early.shop.svc"));
    }

    [Fact]
    public void Srv_OfServiceWithClusterIP_NamesTheService()
    {
        var answer = Ask("_dns._udp.web.shop.svc.cluster.local", DnsType.SRV);
        Assert.Equal(["0 100 53 web.shop.svc.cluster.local"], answer.Data);
        Assert.Equal(["10.96.0.5", "fd00:10:96::5"], answer.Additional.Select(record => record.Data));
        Assert.Equal(2, Data("web.shop.svc", DnsType.SRV).Length);
    }

    [Fact]
    public void Srv_OfHeadlessService_NamesItsEndpoints() => Assert.Equal(
        ["0 100 5432 10-244-0-8.db.shop.svc.cluster.local", "0 100 5432 db-0.db.shop.svc.cluster.local"], Data("_sql._tcp.db.shop.svc", DnsType.SRV));

    [Fact]
    public void Reverse_OfServicesAndHeadlessEndpoints_IsTheirName()
    {
        Assert.Equal(["web.shop.svc.cluster.local"], Ask("5.0.96.10.in-addr.arpa", DnsType.PTR).Data);
        Assert.Equal(["db-0.db.shop.svc.cluster.local"], Ask("7.0.244.10.in-addr.arpa", DnsType.PTR).Data);
    }

    [Fact]
    public void ExternalName_IsAnAlias()
    {
        Assert.Equal(["example.com"], Data("ext.shop.svc", DnsType.CNAME));
        Assert.Equal(["10.96.0.5", "web.shop.svc.cluster.local"], Data("inside.shop.svc"));
    }

    [Fact]
    public void Version_IsTheSpecifications() => Assert.Equal(["1.1.0"], Data("dns-version", DnsType.TXT));

    [Fact]
    public async Task Changes_OfServicesAndEndpoints_AreFollowed()
    {
        _api.Change<EndpointSlice>(Make.Namespace, "db-abcde", slice => slice.Endpoints[0].Conditions.Ready = false);
        await Eventually.True(() => Data("db.shop.svc") is ["10.244.0.8"]);
        Assert.Equal(DnsResponseCode.NameError, Code("db-0.db.shop.svc"));
        Assert.Equal(["0 100 5432 10-244-0-8.db.shop.svc.cluster.local"], Data("_sql._tcp.db.shop.svc", DnsType.SRV));

        _api.Change<Service>(Make.Namespace, "web", service => service.Spec.Ports[0].Name = "www");
        await Eventually.True(() => Code("_http._tcp.web.shop.svc") == DnsResponseCode.NameError);
        Assert.Equal(["0 100 80 web.shop.svc.cluster.local"], Data("_www._tcp.web.shop.svc", DnsType.SRV));

        _api.Remove<EndpointSlice>(Make.Namespace, "db-abcde");
        await Eventually.True(() => Data("db.shop.svc").Length == 0);
    }

    [Fact]
    public async Task Namespace_WithoutServices_IsGone()
    {
        int names = _zone.Count;
        var other = Make.Service("web", "10.96.0.99", Make.Port(80, "http"));
        other.Metadata.Namespace = "other";
        _api.Seed(other);
        await Eventually.True(() => Code("other.svc") == DnsResponseCode.NoError && Code("web.other.svc") == DnsResponseCode.NoError);
        _api.Remove<Service>("other", "web");
        await Eventually.True(() => Code("other.svc") == DnsResponseCode.NameError);
        Assert.Equal(names, _zone.Count);
    }

    [Fact]
    public async Task Reverse_AddressOfSeveralServices_IsAllTheirNamesWhileTheyHaveIt()
    {
        _api.Seed(Make.Service("db-read", "None"));
        _api.Seed(Make.Slice("db-read", 1, Make.Endpoint("10.244.0.7", hostname: "db-0")));
        await Eventually.True(() => Ask("7.0.244.10.in-addr.arpa", DnsType.PTR).Answers.Count == 2);
        _api.Remove<Service>(Make.Namespace, "db");
        await Eventually.True(() => Ask("7.0.244.10.in-addr.arpa", DnsType.PTR).Data is ["db-0.db-read.shop.svc.cluster.local"]);
    }
}

using System.Net;
using Cluster.Dataplane.Dns;
using Cluster.Dataplane.Net;

namespace Cluster.Dataplane.Tests.Dns;

/// <summary>A responder with a zone as a small cluster has it, asked without sockets.</summary>
internal sealed class DnsRig
{
    public const string Domain = "cluster.local";

    private readonly byte[] _buffer = new byte[DnsResponder.MaxTcpBytes];

    public DnsRig(DnsServerOptions? options = null)
    {
        Zone = ClusterZone();
        Responder = new DnsResponder(Zone, Cache, () => Resolvers, options ?? new DnsServerOptions());
    }

    public DnsZone Zone { get; }

    public DnsCache Cache { get; } = new(1000, 1 << 20);

    public ResolverSettings Resolvers { get; set; } = new([], []);

    public DnsResponder Responder { get; }

    public DnsWorkspace Workspace { get; } = new(new DnsCounts());

    public static DnsZone ClusterZone()
    {
        var zone = new DnsZone(Domain, TimeSpan.FromSeconds(5)) { IsLoaded = true };
        Set(zone, "svc");
        Set(zone, "shop.svc");
        Set(zone, "default.svc");
        Set(zone, "kubernetes.default.svc", A("10.96.0.1"));
        Set(zone, "web.shop.svc", A("10.96.0.5"), A("fd00:10:96::5"), Srv(80, "web.shop.svc"), Srv(443, "web.shop.svc"));
        Set(zone, "_tcp.web.shop.svc");
        Set(zone, "_http._tcp.web.shop.svc", Srv(80, "web.shop.svc"));
        Set(zone, "db.shop.svc", A("10.244.0.7"), A("10.244.0.8"), A("10.244.0.9"));
        Set(zone, "db-0.db.shop.svc", A("10.244.0.7"));
        Set(zone, "_sql._tcp.db.shop.svc", Srv(5432, "db-0.db.shop.svc"), Srv(5432, "db-1.db.shop.svc"));
        Set(zone, "many.shop.svc", [.. Enumerable.Range(1, 250).Select(i => A($"10.0.1.{i}"))]);
        Set(zone, "inside.shop.svc", Alias("web.shop.svc.cluster.local"));
        Set(zone, "dangling.shop.svc", Alias("none.shop.svc.cluster.local"));
        Set(zone, "ring.shop.svc", Alias("gnir.shop.svc.cluster.local"));
        Set(zone, "gnir.shop.svc", Alias("ring.shop.svc.cluster.local"));
        Set(zone, "outside.shop.svc", Alias("www.example.com"));
        zone.Set("5.0.96.10.in-addr.arpa", [new NameRecord(DnsType.PTR, "web.shop.svc.cluster.local", 5)]);
        return zone;
    }

    public static AddressRecord A(string address) => new(IPAddress.Parse(address), 5);

    /// <summary>The answer's bytes; empty for silence.</summary>
    public ReadOnlySpan<byte> Answer(ReadOnlySpan<byte> query, bool tcp = false)
    {
        query.CopyTo(_buffer);
        var size = Responder.Answer(_buffer, query.Length, tcp, Workspace);
        Assert.NotEqual(DnsResponder.Ask, size);
        return _buffer.AsSpan(0, size);
    }

    public DnsMessage Ask(string name, DnsType type, int? ednsBytes = null, bool tcp = false) =>
        DnsMessage.Parse(Answer(DnsMessage.Query(name, type, ednsBytes), tcp));

    /// <summary>The question that has to be asked elsewhere first.</summary>
    public string? Needed(string name, DnsType type)
    {
        var query = DnsMessage.Query(name, type, 1232);
        query.CopyTo(_buffer, 0);
        if (Responder.Answer(_buffer, query.Length, tcp: false, Workspace) != DnsResponder.Ask) return null;
        Assert.Equal(query, _buffer.AsSpan(0, query.Length));
        return WireName.ToText(Workspace.Needed!.Name);
    }

    /// <summary>Gives the cache what another server said of a name.</summary>
    public void Know(string name, DnsType type, int code, params byte[][] answers)
    {
        var question = new UpstreamQuestion(WireName.FromText(name)!, type);
        var soa = DnsMessage.Record("example.com", DnsType.SOA, 60, [.. DnsMessage.NameData("ns.example.com"), .. DnsMessage.NameData("h.example.com"), .. new byte[16], 0, 0, 0, 60]);
        var message = DnsMessage.Answer(question.ToMessage(edns: true), code, answers, answers.Length == 0 ? soa : null);
        Cache.Add(UpstreamAnswer.Read(message, question, TimeSpan.FromHours(1), TimeSpan.FromMinutes(1), Workspace.Now)!);
    }

    public void From(string client) => Workspace.Client = ClientAddress.From(IPAddress.Parse(client));

    private static void Set(DnsZone zone, string name, params DnsRecord[] records) => zone.Set($"{name}.{Domain}", records);

    private static ServerRecord Srv(int port, string target) => new(0, 100, port, $"{target}.{Domain}", 5);

    private static NameRecord Alias(string target) => new(DnsType.CNAME, target, 5);
}

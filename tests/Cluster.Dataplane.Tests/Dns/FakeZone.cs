using System.Net;
using Cluster.Dataplane.Dns;

namespace Cluster.Dataplane.Tests.Dns;

/// <summary>A zone "test" with a few names.</summary>
internal sealed class FakeZone : IDnsZone
{
    private static readonly AuthorityRecord Authority = new("test", "ns.test", "hostmaster.test", 1, 5);

    public DnsAnswer? Answer(DnsQuestion question) => question switch
    {
        { Name: "one.test", Type: DnsType.A } => Records(new AddressRecord(question.Name, IPAddress.Parse("10.0.0.1"), 5)),
        { Name: "one.test" } => new DnsAnswer { Authority = Authority },
        { Name: "many.test" } => Records([.. Enumerable.Range(1, 100).Select(i => new AddressRecord(question.Name, IPAddress.Parse($"10.0.1.{i}"), 5))]),
        { Name: "alias.test" } => Records(new NameRecord(question.Name, DnsType.CNAME, "outside.example", 5)),
        { Name: "dangling.test" } => Records(new NameRecord(question.Name, DnsType.CNAME, "none.test", 5)),
        { Name: "_http._tcp.one.test", Type: DnsType.SRV } => new DnsAnswer
        {
            Records = [new ServerRecord(question.Name, 0, 100, 8080, "one.test", 5)],
            Additional = [new AddressRecord("one.test", IPAddress.Parse("10.0.0.1"), 5)],
        },
        { Name: var name } when name.EndsWith(".test", StringComparison.Ordinal) => new DnsAnswer { Code = DnsResponseCode.NameError, Authority = Authority },
        _ => null,
    };

    private static DnsAnswer Records(params DnsRecord[] records) => new() { Records = records };
}

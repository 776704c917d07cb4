using System.Net;
using Cluster.Api.CoreV1;
using Cluster.Api.DiscoveryV1;
using Cluster.Client;
using Cluster.Dataplane.Dns;
using Cluster.Proxy.Reflection;

namespace Cluster.Proxy.Dns;

/// <summary>The names of the cluster's services and pods, as the Kubernetes DNS specification gives them, read from the informers' caches.</summary>
/// <remarks>
/// Nothing is precomputed: a name leads to its service by one look-up, and to its endpoints by one more. Answers with several records
/// come in random order, so that clients which take the first are spread.
/// </remarks>
internal sealed class ClusterZone : IDnsZone
{
    /// <summary>The specification's default: a change is seen soon, and CoreDNS answers so too.</summary>
    private const int TtlSeconds = 5;

    private const int SrvWeight = 100;
    private const string ByService = "service";
    private const string ByAddress = "dns-address";
    private const string ByNamespace = "namespace";

    private readonly Informer<Service> _services;
    private readonly Informer<EndpointSlice> _slices;
    private readonly TimeProvider _time;
    private readonly string _domain;

    public ClusterZone(InformerFactory informers, string domain, TimeProvider time)
    {
        _services = informers.For<Service>();
        _slices = informers.For<EndpointSlice>();
        _domain = domain;
        _time = time;
        _services.AddIndex(ByAddress, service => service.Spec is { } spec ? spec.ClusterIPs.Append(spec.ClusterIP).Distinct() : []);
        _services.AddIndex(ByNamespace, service => [service.Metadata.Namespace]);
        _slices.AddIndex(ByService, slice => ServiceNames.ServiceOf(slice) is { } key ? [key.ToString()] : []);
        _slices.AddIndex(ByAddress, slice => slice.Endpoints.SelectMany(endpoint => endpoint.Addresses).Distinct());
    }

    public DnsAnswer? Answer(DnsQuestion question)
    {
        if (ClusterNames.FromReverse(question.Name) is { } address) return Reverse(question, address);
        if (question.Name == _domain) return Found(question, []);
        if (!question.Name.EndsWith("." + _domain, StringComparison.Ordinal)) return null;
        var labels = question.Name[..^(_domain.Length + 1)].Split('.');
        return labels switch
        {
            ["dns-version"] => Found(question, [new TextRecord(question.Name, "1.1.0", TtlSeconds)]),
            ["svc"] or ["pod"] => Found(question, []),
            [var ns, "svc"] => Exists(ns) ? Found(question, []) : NotFound(),
            [var ns, "pod"] => Exists(ns) ? Found(question, []) : NotFound(),
            [var label, _, "pod"] => Pod(question, label),
            [var name, var ns, "svc"] => OfService(question, name, ns),
            [['_', .. var proto], var name, var ns, "svc"] => OfProtocol(question, proto, name, ns),
            [var host, var name, var ns, "svc"] => OfEndpoint(question, host, name, ns),
            [['_', .. var port], ['_', .. var proto], var name, var ns, "svc"] => OfPort(question, port, proto, name, ns),
            _ => NotFound(),
        };
    }

    private DnsAnswer OfService(DnsQuestion question, string name, string ns)
    {
        if (_services.Get(ns, name) is not { Spec: { } spec } service) return NotFound();
        if (spec.Type == "ExternalName") return External(question, spec.ExternalName);
        if (!ServiceNames.IsHeadless(spec))
            return question.Type == DnsType.SRV ? Servers(question, service, [.. spec.Ports]) : Found(question, Addresses(question.Name, ClusterAddresses(spec)));

        var endpoints = Endpoints(service);
        if (question.Type == DnsType.SRV) return Servers(question, service, null);
        return endpoints.Count == 0 ? NotFound() : Found(question, Addresses(question.Name, endpoints.Select(endpoint => endpoint.Address)));
    }

    // _tcp.name.ns.svc exists where the service has a port of the protocol, for _port._tcp.name.ns.svc is below it.
    private DnsAnswer OfProtocol(DnsQuestion question, string protocol, string name, string ns) =>
        _services.Get(ns, name) is { Spec: { } spec } && spec.Ports.Any(port => Matches(port, null, protocol)) ? Found(question, []) : NotFound();

    private DnsAnswer OfEndpoint(DnsQuestion question, string host, string name, string ns)
    {
        if (_services.Get(ns, name) is not { Spec: { } spec } service || !ServiceNames.IsHeadless(spec)) return NotFound();
        var addresses = Endpoints(service).Where(endpoint => endpoint.Host == host).Select(endpoint => endpoint.Address).ToList();
        return addresses.Count == 0 ? NotFound() : Found(question, Addresses(question.Name, addresses));
    }

    private DnsAnswer OfPort(DnsQuestion question, string port, string protocol, string name, string ns)
    {
        if (_services.Get(ns, name) is not { Spec: { Type: not "ExternalName" } spec } service) return NotFound();
        var ports = spec.Ports.Where(candidate => Matches(candidate, port, protocol)).ToList();
        if (ports.Count == 0 && !ServiceNames.IsHeadless(spec)) return NotFound();
        var answer = ServiceNames.IsHeadless(spec) ? Servers(question, service, null, port, protocol) : Servers(question, service, ports);
        return answer.Records.Count == 0 && question.Type == DnsType.SRV ? NotFound() : answer;
    }

    // With a cluster IP one record a port; headless one a port and endpoint, each naming the endpoint's host.
    private DnsAnswer Servers(DnsQuestion question, Service service, IReadOnlyList<ServicePort>? ports, string? portName = null, string? protocol = null)
    {
        if (question.Type is not (DnsType.SRV or DnsType.ANY)) return Found(question, []);
        var target = $"{service.Metadata.Name}.{service.Metadata.Namespace}.svc.{_domain}";
        if (ports is not null)
        {
            return Found(question, ports.Where(port => port.Name.Length > 0).Select(port => Server(question.Name, port.Port, target)))
                with { Additional = Addresses(target, ClusterAddresses(service.Spec)) };
        }

        var endpoints = EndpointPorts(service, portName, protocol).ToList();
        return Found(question, endpoints.Select(endpoint => Server(question.Name, endpoint.Port, $"{endpoint.Host}.{target}")).Distinct())
            with { Additional = [.. endpoints.Select(endpoint => new AddressRecord($"{endpoint.Host}.{target}", endpoint.Address, TtlSeconds)).Distinct()] };
    }

    private static ServerRecord Server(string name, int port, string target) => new(name, 0, SrvWeight, port, target, TtlSeconds);

    private DnsAnswer External(DnsQuestion question, string target)
    {
        var alias = new NameRecord(question.Name, DnsType.CNAME, target.TrimEnd('.').ToLowerInvariant(), TtlSeconds);
        if (question.Type is not (DnsType.A or DnsType.AAAA or DnsType.CNAME or DnsType.ANY)) return Found(question, []);
        // An alias of another name of the cluster is followed here; a chain of them, which could be a ring, is not.
        if (question.Type != DnsType.CNAME && alias.Target != question.Name && Split(alias.Target) is [var name, var ns, "svc"]
            && _services.Get(ns, name) is { Spec: { Type: not "ExternalName" } })
            return new DnsAnswer { Records = [alias, .. OfService(question with { Name = alias.Target }, name, ns).Records] };
        return new DnsAnswer { Records = [alias] };
    }

    private DnsAnswer Pod(DnsQuestion question, string label) =>
        ClusterNames.FromLabel(label) is { } address ? Found(question, [new AddressRecord(question.Name, address, TtlSeconds)]) : NotFound();

    // Addresses that are no service's and no headless endpoint's are others' to name.
    private DnsAnswer? Reverse(DnsQuestion question, IPAddress address)
    {
        var text = address.ToString();
        var names = _services.ByIndex(ByAddress, text).Select(service => $"{service.Metadata.Name}.{service.Metadata.Namespace}.svc.{_domain}")
            .Concat(_slices.ByIndex(ByAddress, text).SelectMany(slice => HeadlessNames(slice, text)))
            .Distinct()
            .Select(name => new NameRecord(question.Name, DnsType.PTR, name, TtlSeconds))
            .ToList();
        return names.Count == 0 ? null : Found(question, names);
    }

    private IEnumerable<string> HeadlessNames(EndpointSlice slice, string address)
    {
        if (ServiceNames.ServiceOf(slice) is not { } key || _services.Get(key) is not { Spec: { Type: not "ExternalName" } spec } || !ServiceNames.IsHeadless(spec)) yield break;
        foreach (var endpoint in slice.Endpoints.Where(endpoint => endpoint.Addresses.Contains(address)))
            yield return $"{HostOf(endpoint)}.{key.Name}.{key.Namespace}.svc.{_domain}";
    }

    private List<(string Host, IPAddress Address)> Endpoints(Service service) =>
    [
        .. Slices(service).SelectMany(slice => Ready(slice)).Select(endpoint => (HostOf(endpoint), AddressOf(endpoint)))
            .Where(endpoint => endpoint.Item2 is not null).Select(endpoint => (endpoint.Item1, endpoint.Item2!)).Distinct(),
    ];

    private IEnumerable<(string Host, IPAddress Address, int Port)> EndpointPorts(Service service, string? portName, string? protocol)
    {
        foreach (var slice in Slices(service))
        {
            foreach (var port in slice.Ports.Where(port => port.HasPort && port.Name.Length > 0 && (portName is null || port.Name == portName)
                && (protocol is null || IsProtocol(port.HasProtocol ? port.Protocol : "TCP", protocol))))
            {
                foreach (var endpoint in Ready(slice))
                    if (AddressOf(endpoint) is { } address) yield return (HostOf(endpoint), address, port.Port);
            }
        }
    }

    private IReadOnlyCollection<EndpointSlice> Slices(Service service) => _slices.ByIndex(ByService, ObjectKey.Of(service).ToString());

    private static IEnumerable<Endpoint> Ready(EndpointSlice slice) =>
        slice.Endpoints.Where(endpoint => EndpointTranslator.HealthOf(endpoint) == Dataplane.Services.BackendHealth.Ready);

    private static string HostOf(Endpoint endpoint) =>
        endpoint.HasHostname && endpoint.Hostname.Length > 0 ? endpoint.Hostname : ClusterNames.ToLabel(endpoint.Addresses.FirstOrDefault() ?? "");

    private static IPAddress? AddressOf(Endpoint endpoint) => IPAddress.TryParse(endpoint.Addresses.FirstOrDefault(), out var address) ? address : null;

    private static IEnumerable<IPAddress> ClusterAddresses(ServiceSpec spec) =>
        spec.ClusterIPs.Append(spec.ClusterIP).Select(text => IPAddress.TryParse(text, out var address) ? address : null).OfType<IPAddress>().Distinct();

    private static List<AddressRecord> Addresses(string name, IEnumerable<IPAddress> addresses) =>
        [.. addresses.Distinct().Select(address => new AddressRecord(name, address, TtlSeconds))];

    private static bool Matches(ServicePort port, string? name, string protocol) =>
        (name is null || port.Name == name) && IsProtocol(port.Protocol, protocol);

    private static bool IsProtocol(string protocol, string label) =>
        string.Equals(protocol.Length == 0 ? "TCP" : protocol, label, StringComparison.OrdinalIgnoreCase);

    private bool Exists(string ns) => _services.ByIndex(ByNamespace, ns).Count > 0;

    private string[] Split(string name) =>
        name.EndsWith("." + _domain, StringComparison.Ordinal) ? name[..^(_domain.Length + 1)].Split('.') : [];

    // The name exists: what it has of the type, or nothing and the authority that says so.
    private DnsAnswer Found(DnsQuestion question, IEnumerable<DnsRecord> candidates)
    {
        var records = candidates.Where(record => question.Type == DnsType.ANY || record.Type == question.Type).ToArray();
        Random.Shared.Shuffle(records);
        return new DnsAnswer { Records = records, Authority = records.Length == 0 ? Authority() : null };
    }

    private DnsAnswer NotFound() => new() { Code = DnsResponseCode.NameError, Authority = Authority() };

    private AuthorityRecord Authority() => new(_domain, $"ns.dns.{_domain}", $"hostmaster.{_domain}", ClusterNames.Serial(_time.GetUtcNow()), TtlSeconds);
}

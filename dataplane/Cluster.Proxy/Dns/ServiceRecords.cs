using System.Net;
using Cluster.Api.CoreV1;
using Cluster.Api.DiscoveryV1;
using Cluster.Dataplane.Dns;
using Cluster.Dataplane.Services;
using Cluster.Proxy.Reflection;

namespace Cluster.Proxy.Dns;

/// <summary>The names of one service with their records, as the Kubernetes DNS specification gives them. Without state.</summary>
internal sealed class ServiceRecords(string domain, int ttlSeconds)
{
    private const int SrvWeight = 100;

    /// <summary>Names of the service, those of its addresses included, each with its records; none: names stand below it only.</summary>
    public Dictionary<string, List<DnsRecord>> Of(Service service, IEnumerable<EndpointSlice> slices)
    {
        var names = new Dictionary<string, List<DnsRecord>>();
        if (service.Spec is not { } spec) return names;
        string name = $"{service.Metadata.Name}.{service.Metadata.Namespace}.svc.{domain}";
        if (spec.Type == "ExternalName") Add(names, name, new NameRecord(DnsType.CNAME, spec.ExternalName, ttlSeconds));
        else if (ServiceNames.IsHeadless(spec)) AddEndpoints(names, name, spec.PublishNotReadyAddresses, slices);
        else AddClusterAddresses(names, name, spec);
        return names;
    }

    private void AddClusterAddresses(Dictionary<string, List<DnsRecord>> names, string name, ServiceSpec spec)
    {
        Records(names, name);
        foreach (IPAddress address in spec.ClusterIPs.Append(spec.ClusterIP).Select(Parse).OfType<IPAddress>().Distinct())
            AddAddress(names, name, address);
        foreach (var port in spec.Ports.Where(port => port.Name.Length > 0))
            AddPort(names, name, port.Name, port.Protocol, port.Port, name);
    }

    // A service without endpoints has a name still, which is empty: what is asked for may come at any moment.
    private void AddEndpoints(Dictionary<string, List<DnsRecord>> names, string name, bool all, IEnumerable<EndpointSlice> slices)
    {
        Records(names, name);
        foreach (EndpointSlice slice in slices.OrderBy(slice => slice.Metadata.Name, StringComparer.Ordinal))
        {
            foreach (Endpoint endpoint in slice.Endpoints)
            {
                if ((!all && EndpointTranslator.HealthOf(endpoint) != BackendHealth.Ready) || Parse(endpoint.Addresses.FirstOrDefault()) is not { } address) continue;
                string host = $"{HostOf(endpoint)}.{name}";
                Add(names, name, Address(address));
                AddAddress(names, host, address);
                foreach (var port in slice.Ports.Where(port => port.HasPort && port.Name.Length > 0))
                    AddPort(names, name, port.Name, port.HasProtocol ? port.Protocol : "", port.Port, host);
            }
        }
    }

    private void AddAddress(Dictionary<string, List<DnsRecord>> names, string name, IPAddress address)
    {
        Add(names, name, Address(address));
        Add(names, ClusterNames.ToReverse(address), new NameRecord(DnsType.PTR, name, ttlSeconds));
    }

    // The service's own name has the SRV records of all its ports too, as CoreDNS gives them.
    private void AddPort(Dictionary<string, List<DnsRecord>> names, string name, string port, string protocol, int number, string target)
    {
        string below = $"_{(protocol.Length == 0 ? "tcp" : protocol.ToLowerInvariant())}.{name}";
        var record = new ServerRecord(0, SrvWeight, number, target, ttlSeconds);
        Add(names, name, record);
        Add(names, $"_{port}.{below}", record);
        Records(names, below);
    }

    private AddressRecord Address(IPAddress address) => new(address, ttlSeconds);

    private static void Add(Dictionary<string, List<DnsRecord>> names, string name, DnsRecord record) => Records(names, name).Add(record);

    private static List<DnsRecord> Records(Dictionary<string, List<DnsRecord>> names, string name)
    {
        if (!names.TryGetValue(name, out List<DnsRecord>? records)) names[name] = records = [];
        return records;
    }

    private static string HostOf(Endpoint endpoint) =>
        endpoint.HasHostname && endpoint.Hostname.Length > 0 ? endpoint.Hostname : ClusterNames.ToLabel(endpoint.Addresses[0]);

    private static IPAddress? Parse(string? text) => IPAddress.TryParse(text, out IPAddress? address) ? address : null;
}

using System.Net;
using System.Net.Sockets;
using Cluster.Api.DiscoveryV1;
using Cluster.Dataplane.Services;

namespace Cluster.Proxy.Reflection;

/// <summary>Turns endpoint slices into backends of one service port.</summary>
internal static class EndpointTranslator
{
    /// <summary>API servers do not check what an endpoint refers to; their own uids have 36 letters.</summary>
    private const int MaxUidLength = 253;

    /// <param name="slices">All slices of the service.</param>
    /// <param name="portName">The service port's name; empty for none.</param>
    /// <param name="protocol">The service port's protocol.</param>
    /// <param name="preferred">
    /// The family to take where the service has endpoints of both: a dual-stack pod is listed once a family and must not count twice.
    /// </param>
    /// <param name="here">This node.</param>
    public static Backend[] Translate(
        IEnumerable<EndpointSlice> slices, string portName, ServiceProtocol protocol, AddressFamily preferred, NodePlace here)
    {
        var hinted = AllHinted(slices);
        var found = new Dictionary<(string, IPEndPoint), Backend>();
        // By name, so that the order, and with it the turn of round robin, does not hang on the order slices came in.
        foreach (var slice in slices.OrderBy(slice => slice.Metadata.Name, StringComparer.Ordinal))
        {
            if (PortOf(slice, portName, protocol) is not { } port) continue;
            foreach (var endpoint in slice.Endpoints)
            {
                if (Backend(endpoint, port, here, hinted) is not { } backend) continue;
                // A pod can stand in two slices for a moment; the readier word counts.
                var key = (backend.Uid, backend.Address);
                if (!found.TryGetValue(key, out var known) || backend.Health > known.Health) found[key] = backend;
            }
        }

        var backends = found.Values.ToArray();
        var family = Array.FindAll(backends, backend => backend.Address.AddressFamily == preferred);
        if (family.Length == 0) return backends;
        return family.Length == backends.Length ? family : WithAlternates(family, backends);
    }

    private static Backend[] WithAlternates(Backend[] family, Backend[] all)
    {
        var others = new Dictionary<string, IPEndPoint>();
        foreach (var backend in all)
            if (backend.Address.AddressFamily != family[0].Address.AddressFamily) others.TryAdd(backend.Uid, backend.Address);
        return Array.ConvertAll(family, backend => others.TryGetValue(backend.Uid, out var address) ? backend.WithAlternate(address) : backend);
    }

    /// <summary>Every endpoint that is ready says for which zones it is meant; the others have no hints (kube-proxy's topology.go).</summary>
    public static bool AllHinted(IEnumerable<EndpointSlice> slices)
    {
        var any = false;
        foreach (var slice in slices)
        {
            foreach (var endpoint in slice.Endpoints)
            {
                if (HealthOf(endpoint) != BackendHealth.Ready) continue;
                if (endpoint.Hints is not { ForZones.Count: > 0 }) return false;
                any = true;
            }
        }

        return any;
    }

    // Who is meant for this zone counts as standing in it.
    private static string? HintedZone(Endpoint endpoint, NodePlace here) =>
        endpoint.Hints?.ForZones.Any(zone => zone.Name == here.Zone) == true ? here.Zone : null;

    /// <summary>Ready endpoints of this node, each address once: what a health check node port tells.</summary>
    public static int LocalReady(IEnumerable<EndpointSlice> slices, AddressFamily preferred, string nodeName)
    {
        var ready = slices.SelectMany(slice => slice.Endpoints)
            .Where(endpoint => endpoint.HasNodeName && endpoint.NodeName == nodeName && HealthOf(endpoint) == BackendHealth.Ready && endpoint.Addresses.Count > 0)
            .Select(endpoint => IPAddress.TryParse(endpoint.Addresses[0], out var address) ? address : null)
            .OfType<IPAddress>().Distinct().ToList();
        var family = ready.Count(address => address.AddressFamily == preferred);
        return family > 0 ? family : ready.Count;
    }

    public static BackendHealth HealthOf(Endpoint endpoint)
    {
        var conditions = endpoint.Conditions;
        // Unknown means ready, and serving follows ready where it is not said: so the API defines them.
        var ready = conditions is not { HasReady: true } || conditions.Ready;
        if (ready) return BackendHealth.Ready;
        return conditions is { HasServing: true, Serving: true, HasTerminating: true, Terminating: true } ? BackendHealth.Terminating : BackendHealth.NotReady;
    }

    private static Backend? Backend(Endpoint endpoint, int port, NodePlace here, bool hinted)
    {
        // Addresses of one endpoint are interchangeable: the first is used, as kube-proxy does.
        if (endpoint.Addresses.Count == 0 || !IPAddress.TryParse(endpoint.Addresses[0], out var address)) return null;
        var place = new IPEndPoint(address, port);
        var uid = endpoint.TargetRef?.Uid is { Length: > 0 and <= MaxUidLength } known ? known : place.ToString();
        return new Backend(uid, place)
        {
            Health = HealthOf(endpoint),
            IsLocal = endpoint.HasNodeName && endpoint.NodeName == here.Name,
            Zone = hinted ? HintedZone(endpoint, here) : endpoint.HasZone ? endpoint.Zone : null,
        };
    }

    private static int? PortOf(EndpointSlice slice, string portName, ServiceProtocol protocol)
    {
        foreach (var port in slice.Ports)
        {
            if (port.HasPort && (port.HasName ? port.Name : "") == portName && ServiceNames.ProtocolOf(port.HasProtocol ? port.Protocol : "") == protocol)
                return port.Port;
        }

        return null;
    }
}

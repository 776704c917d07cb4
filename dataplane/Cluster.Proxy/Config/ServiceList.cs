using System.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Proxy.Config;

/// <summary>The services of a load balancer file by what no two of them can have both: refuses whoever asks for what another has.</summary>
internal sealed class ServiceList
{
    private readonly HashSet<ServicePortId> _ids = [];
    private readonly Dictionary<(IPEndPoint, ServiceProtocol), string> _places = [];

    /// <summary>Those that were added.</summary>
    public IReadOnlySet<ServicePortId> Ids => _ids;

    /// <exception cref="ConfigException">Its name or its place is another's, which keeps it; this one is not there.</exception>
    public void Add(ServicePlace service, long line)
    {
        if (!_ids.Add(service.Id)) throw new ConfigException(line, $"service {service.Id.Name} is there twice");
        if (_places.TryAdd(Key(service), service.Id.Name)) return;
        _ids.Remove(service.Id);
        throw new ConfigException(line, $"{_places[Key(service)]} listens on {service.Listen} already");
    }

    /// <summary>Takes away one that was added.</summary>
    public void Remove(ServicePlace service)
    {
        _ids.Remove(service.Id);
        _places.Remove(Key(service));
    }

    // Both wildcards stand for every address of the host, of both families.
    private static (IPEndPoint, ServiceProtocol) Key(ServicePlace service) =>
        (service.Listen.Address.Equals(IPAddress.IPv6Any) ? new IPEndPoint(IPAddress.Any, service.Listen.Port) : service.Listen, service.Id.Protocol);
}

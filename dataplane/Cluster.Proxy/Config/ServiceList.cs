using System.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Proxy.Config;

/// <summary>Gathers the services of a load balancer file and refuses what two of them can't both have.</summary>
internal sealed class ServiceList
{
    private readonly HashSet<(string, ServiceProtocol)> _names = [];
    private readonly Dictionary<(IPEndPoint, ServiceProtocol), string> _places = [];
    private readonly List<LoadBalancerService> _items = [];

    public IReadOnlyList<LoadBalancerService> Items => _items;

    /// <exception cref="ConfigException">Its name or its place is another's.</exception>
    public void Add(LoadBalancerService service, long line)
    {
        if (!_names.Add((service.Name, service.Protocol))) throw new ConfigException(line, $"service {service.Name} is there twice");
        // Both wildcards stand for every address of the host, of both families.
        var listen = service.Listen.Address.Equals(IPAddress.IPv6Any) ? new IPEndPoint(IPAddress.Any, service.Listen.Port) : service.Listen;
        if (!_places.TryAdd((listen, service.Protocol), service.Name))
            throw new ConfigException(line, $"{_places[(listen, service.Protocol)]} listens on {service.Listen} already");
        _items.Add(service);
    }
}

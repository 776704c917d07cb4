using System.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Proxy.Config;

/// <summary>Gathers the services of a load balancer file and refuses what two of them can't both have.</summary>
internal sealed class ServiceList
{
    private readonly HashSet<ServicePortId> _ids = [];
    private readonly Dictionary<(IPEndPoint, ServiceProtocol), string> _places = [];
    private List<LoadBalancerService> _items = [];

    /// <summary>Those that were added.</summary>
    public IReadOnlyList<LoadBalancerService> Items => _items;

    /// <summary>Those that were added or kept.</summary>
    public IReadOnlySet<ServicePortId> Ids => _ids;

    /// <summary>Makes it empty; the items given out remain as they are.</summary>
    public void Clear()
    {
        _ids.Clear();
        _places.Clear();
        _items = [];
    }

    /// <exception cref="ConfigException">Its name or its place is another's.</exception>
    public void Add(LoadBalancerService service, long line)
    {
        Take(service.Place, line);
        _items.Add(service);
    }

    /// <summary>One that was there before as it is, and needs nobody's attention.</summary>
    /// <exception cref="ConfigException">Its name or its place is another's; the line is not said.</exception>
    public void Keep(ServicePlace place) => Take(place, line: 1);

    private void Take(ServicePlace place, long line)
    {
        var (id, address) = place;
        if (!_ids.Add(id)) throw new ConfigException(line, $"service {id.Name} is there twice");
        // Both wildcards stand for every address of the host, of both families.
        var listen = address.Address.Equals(IPAddress.IPv6Any) ? new IPEndPoint(IPAddress.Any, address.Port) : address;
        if (!_places.TryAdd((listen, id.Protocol), id.Name))
            throw new ConfigException(line, $"{_places[(listen, id.Protocol)]} listens on {address} already");
    }
}

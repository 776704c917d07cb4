using System.Net;
using Cluster.Dataplane.Services;
using Microsoft.Extensions.Logging;

namespace Cluster.Dataplane.Linux.Nftables.Nat;

/// <summary>
/// Whose each place is. One that two services ask for stays with the one that has it, else with the older one; the kernel would refuse the
/// second, and with it the changes of all.
/// </summary>
internal sealed class NatPlaces(ILogger logger)
{
    private readonly Dictionary<NatPlace, ServicePortId> _owners = [];
    // Places that service ports ask for and go without: in force, and as it is to be.
    private readonly Dictionary<ServicePortId, Dictionary<NatPlace, Frontend>> _without = [];
    private readonly Dictionary<ServicePortId, Dictionary<NatPlace, (Frontend Frontend, ServicePortId Owner)>> _toBeWithout = [];

    /// <summary>Told of a place that a service port goes without and, later, that it has it after all or asks for it no longer.</summary>
    public event Action<Frontend, FrontendResult>? Reported;

    /// <summary>Service ports that go without a place they ask for.</summary>
    public IReadOnlyCollection<ServicePortId> Contending => _without.Keys;

    /// <summary>Takes places that are others' from what is to come.</summary>
    public void KeepOwned(Dictionary<ServicePortId, NatService?> after)
    {
        _toBeWithout.Clear();
        var claimed = new Dictionary<NatPlace, ServicePortId>();
        foreach (var (id, service) in after.OrderBy(pair => pair.Value?.Entry.Slot ?? 0))
        {
            foreach (var place in service?.Places.Keys.ToList() ?? [])
            {
                if ((Keeper(place, after) ?? (claimed.TryAdd(place, id) ? id : claimed[place])) is var keeper && keeper == id) continue;
                service!.Places.Remove(place);
                if (!_toBeWithout.TryGetValue(id, out var without)) _toBeWithout.Add(id, without = []);
                without.Add(place, (FrontendAt(place, service.Entry), keeper));
            }
        }
    }

    /// <summary>Takes note of what has come into force.</summary>
    public void Note(Dictionary<ServicePortId, NatService> before, Dictionary<ServicePortId, NatService?> after)
    {
        foreach (var id in after.Keys)
            foreach (var place in (IEnumerable<NatPlace>?)before.GetValueOrDefault(id)?.Places.Keys ?? []) _owners.Remove(place);
        foreach (var (id, service) in after)
        {
            foreach (var place in (IEnumerable<NatPlace>?)service?.Places.Keys ?? []) _owners[place] = id;
            NoteWithout(id, service);
        }
    }

    /// <summary>Nothing is in force any more; what was told of stays so until it is otherwise.</summary>
    public void Clear() => _owners.Clear();

    private void NoteWithout(ServicePortId id, NatService? service)
    {
        var before = _without.GetValueOrDefault(id);
        var after = _toBeWithout.GetValueOrDefault(id);
        foreach (var (place, frontend) in before ?? [])
            if (after?.ContainsKey(place) != true) Reported?.Invoke(frontend, service?.Places.ContainsKey(place) == true ? FrontendResult.Opened : FrontendResult.Withdrawn);
        foreach (var (place, (frontend, owner)) in after ?? [])
        {
            if (before?.ContainsKey(place) == true) continue;
            logger.LogWarning("{Place} is another service's already: {Service} is not reached there", place, id);
            Reported?.Invoke(frontend, new FrontendResult(FrontendError.PortInUse, $"{owner} has this address and port"));
        }

        if (after is null) _without.Remove(id);
        else _without[id] = after.ToDictionary(pair => pair.Key, pair => pair.Value.Frontend);
    }

    private static Frontend FrontendAt(NatPlace place, ServiceEntry entry)
    {
        var any = place.Set.EndsWith('6') ? IPAddress.IPv6Any : IPAddress.Any;
        var scope = place.Address is { } address && entry.Port.VirtualAddresses.Contains(address) ? TrafficScope.Internal : TrafficScope.External;
        return new Frontend(entry.Port.Id, entry.Slot, place.Address ?? any, place.Port, scope) { Path = ServicePath.Nftables };
    }

    // Who has the place and keeps it.
    private ServicePortId? Keeper(NatPlace place, Dictionary<ServicePortId, NatService?> after) =>
        _owners.TryGetValue(place, out var id) && (!after.TryGetValue(id, out var next) || next?.Places.ContainsKey(place) == true) ? id : null;
}

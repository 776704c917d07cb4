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
    private readonly HashSet<ServicePortId> _contending = [];

    /// <summary>Service ports that go without a place they ask for.</summary>
    public IReadOnlyCollection<ServicePortId> Contending => _contending;

    /// <summary>Takes places that are others' from what is to come.</summary>
    public void KeepOwned(Dictionary<ServicePortId, NatService?> after)
    {
        var claimed = new Dictionary<NatPlace, ServicePortId>();
        foreach (var (id, service) in after.OrderBy(pair => pair.Value?.Entry.Slot ?? 0))
        {
            var contended = _contending.Remove(id);
            foreach (var place in service?.Places.Keys.ToList() ?? [])
            {
                if (Keeper(place, after) is { } keeper ? keeper == id : claimed.TryAdd(place, id)) continue;
                service!.Places.Remove(place);
                _contending.Add(id);
                if (!contended) logger.LogWarning("{Place} is another service's already: {Service} is not reached there", place, id);
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
            if (service is null) _contending.Remove(id);
        }
    }

    public void Clear()
    {
        _owners.Clear();
        _contending.Clear();
    }

    // Who has the place and keeps it.
    private ServicePortId? Keeper(NatPlace place, Dictionary<ServicePortId, NatService?> after) =>
        _owners.TryGetValue(place, out var id) && (!after.TryGetValue(id, out var next) || next?.Places.ContainsKey(place) == true) ? id : null;
}

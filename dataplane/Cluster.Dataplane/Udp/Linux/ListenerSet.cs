using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Udp.Linux;

/// <summary>The frontends of one loop: found by number, by service port, and the steered ones by the address datagrams were sent to.</summary>
internal sealed class ListenerSet
{
    private readonly Dictionary<int, UdpListener> _byId = [];
    private readonly Dictionary<int, List<UdpListener>> _bySlot = [];
    private readonly Dictionary<(ClientAddress, ushort), UdpListener> _steered = [];

    public IReadOnlyCollection<int> Ids => _byId.Keys;

    public IReadOnlyCollection<UdpListener> All => _byId.Values;

    public void Add(UdpListener listener)
    {
        _byId.Add(listener.Id, listener);
        if (!_bySlot.TryGetValue(listener.Frontend.Slot, out List<UdpListener>? ofSlot)) _bySlot.Add(listener.Frontend.Slot, ofSlot = []);
        ofSlot.Add(listener);
        if (listener.IsSteered) _steered.Add(PlaceOf(listener.Frontend), listener);
    }

    /// <summary>Removes one; null where it is gone already.</summary>
    public UdpListener? Remove(int id)
    {
        if (!_byId.Remove(id, out UdpListener? listener)) return null;
        List<UdpListener> ofSlot = _bySlot[listener.Frontend.Slot];
        ofSlot.Remove(listener);
        if (ofSlot.Count == 0) _bySlot.Remove(listener.Frontend.Slot);
        if (listener.IsSteered) _steered.Remove(PlaceOf(listener.Frontend));
        return listener;
    }

    public UdpListener? Find(int id) => _byId.GetValueOrDefault(id);

    public UdpListener? FindSteered(ClientAddress address, ushort port) => _steered.GetValueOrDefault((address, port));

    /// <summary>The frontends of a service port.</summary>
    public IReadOnlyList<UdpListener> Of(int slot) => _bySlot.TryGetValue(slot, out List<UdpListener>? ofSlot) ? ofSlot : [];

    private static (ClientAddress, ushort) PlaceOf(Frontend frontend) => (ClientAddress.From(frontend.Address), (ushort)frontend.Port);
}

using System.ComponentModel;
using System.Net;
using System.Runtime.InteropServices;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Linux;

namespace Cluster.Dataplane.Services;

/// <summary>Which frontends are wanted, which are open and which can't be: brings the second to the first. Used by one loop.</summary>
internal sealed class FrontendSet(RelaySet relays, IVirtualAddresses addresses, int maxFrontends)
{
    private readonly Dictionary<int, Frontend[]> _wanted = [];
    private readonly Dictionary<Place, Frontend> _open = [];
    private readonly Dictionary<Frontend, FrontendResult> _failed = [];
    private readonly HashSet<Place> _reserved = [];
    private readonly HashSet<Frontend> _toOpen = [];
    private readonly HashSet<Frontend> _toClose = [];
    private readonly List<ServiceEntry> _changed = [];
    private readonly HashSet<Place> _toForbid = [];
    private readonly HashSet<Place> _toAllow = [];
    private readonly List<(Frontend, FrontendResult)> _reports = [];
    private readonly Dictionary<IPAddress, int> _addressUsers = [];
    private readonly HashSet<IPAddress> _addressesCome = [];
    private readonly HashSet<IPAddress> _addressesGone = [];
    private readonly FrontendResult _atLimit = new(FrontendError.OutOfDescriptors, $"the process's limit of open files allows {maxFrontends} frontends");
    private IReadOnlyList<IPAddress> _nodeAddresses = [];
    private int _sockets;

    public event Action<Frontend, FrontendResult>? Reported;

    /// <summary>Begins, and allows places that others than the relays answer.</summary>
    public async Task StartAsync(IReadOnlyCollection<Place> places, CancellationToken cancellationToken)
    {
        _nodeAddresses = NodeAddresses.Current();
        _reserved.UnionWith(places);
        foreach (var place in places) Use(place.Address);
        await ChangeAddressesAsync(cancellationToken);
        await addresses.AllowAsync(places, [], cancellationToken);
    }

    /// <summary>Notes what a change of the table means for frontends.</summary>
    public void Take(ServiceTableChange change)
    {
        var slot = (change.After ?? change.Before)!.Slot;
        if (change.After is { } after) _changed.Add(after);
        Want(slot, change.After is null ? [] : [.. Frontends.Of(change.After, _nodeAddresses)]);
        if (change.After is null) _wanted.Remove(slot);
    }

    /// <summary>Notes what a change of the node's own addresses means.</summary>
    public void RefreshNodeAddresses(ServiceTable table)
    {
        _nodeAddresses = NodeAddresses.Current();
        foreach (var entry in table.Entries)
            if (_wanted.ContainsKey(entry.Slot)) Want(entry.Slot, [.. Frontends.Of(entry, _nodeAddresses)]);
    }

    /// <summary>Carries out what was noted: closes first, for a place may pass from one service to another.</summary>
    public async Task ApplyAsync(bool retry, CancellationToken cancellationToken)
    {
        if (retry) AskAgain();
        foreach (var entry in _changed) relays.BackendsChanged(entry);
        _changed.Clear();
        if (_toOpen.Count + _toClose.Count + _toAllow.Count + _toForbid.Count == 0) return;

        foreach (var frontend in _toClose) Close(frontend);
        _toClose.Clear();
        await ChangeAddressesAsync(cancellationToken);
        foreach (var frontend in _toOpen) Open(frontend);
        _toOpen.Clear();
        // Kept until it has succeeded: what nft refused now is asked for again with the next change or retry.
        await addresses.AllowAsync(_toAllow, _toForbid, cancellationToken);
        _toAllow.Clear();
        _toForbid.Clear();
        // Told once it is true: an opened frontend answers by now.
        foreach (var (frontend, result) in _reports) Reported?.Invoke(frontend, result);
        _reports.Clear();
    }

    private void Want(int slot, Frontend[] frontends)
    {
        var before = _wanted.GetValueOrDefault(slot) ?? [];
        foreach (var gone in before.Except(frontends))
        {
            if (!_toOpen.Remove(gone) || _failed.ContainsKey(gone)) _toClose.Add(gone);
            Unuse(gone.Address);
        }

        foreach (var come in frontends.Except(before))
        {
            if (!_toClose.Remove(come)) _toOpen.Add(come);
            Use(come.Address);
        }

        // One without any at present too: an address of the node that comes may give it one.
        _wanted[slot] = frontends;
    }

    // Thousands may be beyond the limit: there is nothing to try for them while it is reached.
    private void AskAgain()
    {
        foreach (var (frontend, result) in _failed)
            if (result != _atLimit || _sockets < maxFrontends) _toOpen.Add(frontend);
    }

    private void Open(Frontend frontend)
    {
        if (_reserved.Contains(frontend.Place)) return;
        // Opened by a round that failed later on.
        if (_open.TryGetValue(frontend.Place, out var open) && open == frontend) return;
        var result = TryOpen(frontend);
        if (result.IsOpen)
        {
            _open.Add(frontend.Place, frontend);
            _toForbid.Remove(frontend.Place);
            _toAllow.Add(frontend.Place);
            if (_failed.Remove(frontend)) _reports.Add((frontend, result));
        }
        else if (!_failed.TryGetValue(frontend, out var known) || known != result)
        {
            _failed[frontend] = result;
            _reports.Add((frontend, result));
        }
    }

    private FrontendResult TryOpen(Frontend frontend)
    {
        if (_open.TryGetValue(frontend.Place, out var other))
            return new FrontendResult(FrontendError.PortInUse, $"{other.Id} has this address and port");
        if (TryRelay(frontend, out var failure) is not { } relay) return failure;
        var takesSocket = relay.TakesSocket(frontend);
        if (takesSocket && _sockets >= maxFrontends)
            return _atLimit;
        var result = relay.Open(frontend);
        if (takesSocket && result.IsOpen) _sockets++;
        return result;
    }

    // The first frontend of its path has the relay made.
    private IRelay? TryRelay(Frontend frontend, out FrontendResult failure)
    {
        failure = FrontendResult.Opened;
        try
        {
            return relays.For(frontend);
        }
        catch (Win32Exception exception) when (Shortage.Is(exception))
        {
            failure = new FrontendResult(FrontendError.OutOfDescriptors, exception.Message);
            return null;
        }
    }

    private void Close(Frontend frontend)
    {
        if (_failed.Remove(frontend)) _reports.Add((frontend, FrontendResult.Withdrawn));
        if (!_open.TryGetValue(frontend.Place, out var open) || open != frontend) return;
        _open.Remove(frontend.Place);
        var relay = relays.For(frontend);
        if (relay.TakesSocket(frontend)) _sockets--;
        relay.Close(frontend);
        _toAllow.Remove(frontend.Place);
        _toForbid.Add(frontend.Place);
    }

    // Counted, so that a change of one service among thousands looks at its own addresses alone.
    private void Use(IPAddress address)
    {
        ref var users = ref CollectionsMarshal.GetValueRefOrAddDefault(_addressUsers, address, out _);
        if (users++ == 0 && !_addressesGone.Remove(address)) _addressesCome.Add(address);
    }

    private void Unuse(IPAddress address)
    {
        if (--CollectionsMarshal.GetValueRefOrNullRef(_addressUsers, address) > 0) return;
        _addressUsers.Remove(address);
        if (!_addressesCome.Remove(address)) _addressesGone.Add(address);
    }

    private async Task ChangeAddressesAsync(CancellationToken cancellationToken)
    {
        if (_addressesCome.Count + _addressesGone.Count == 0) return;
        await addresses.ChangeAddressesAsync(_addressesCome, _addressesGone, cancellationToken);
        _addressesCome.Clear();
        _addressesGone.Clear();
    }
}

using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Linux.Netlink;
using Cluster.Dataplane.Services;
using Microsoft.Extensions.Logging;

namespace Cluster.Dataplane.Linux.Nftables.Nat;

/// <summary>
/// Has the kernel forget UDP flows to backends that their service no longer has, and those that began before it had any. It translates a flow
/// as it did its first datagram, for as long as the client speaks: it would be led to nobody, or to whoever has the address next.
/// </summary>
internal sealed class NatFlows(ILogger logger) : IAsyncDisposable
{
    /// <summary>Where descriptors or memory are short it is tried again so soon: until then flows are led to whoever has the address.</summary>
    private static readonly TimeSpan RetryPause = TimeSpan.FromMilliseconds(100);

    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stopping = new();
    private ConnectionTracking? _tracking;
    // Of each place (the address is null for node ports) who may have its flows; what comes while it is at work is joined to what waits.
    private Dictionary<(IPAddress?, int), HashSet<IPEndPoint>>? _waiting;

    /// <summary>Ends when what was noted so far is done.</summary>
    public Task Cut { get; private set; } = Task.CompletedTask;

    /// <summary>Takes note of changes that are in force.</summary>
    /// <param name="changes">Of whichever protocol.</param>
    /// <param name="isFirst">What was before is not known: all are looked at.</param>
    public void Follow(IEnumerable<NatChange> changes, bool isFirst)
    {
        foreach (var change in changes.Where(change => IsCut(change, isFirst)))
        {
            var backends = Targets(change.After).ToHashSet();
            foreach (var place in (change.Before?.Places.Keys ?? Enumerable.Empty<NatPlace>()).Concat(change.After?.Places.Keys ?? Enumerable.Empty<NatPlace>())) Note(place, backends);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await Cut;
        _tracking?.Dispose();
        _stopping.Dispose();
    }

    private static bool IsCut(NatChange change, bool isFirst) =>
        (change.After ?? change.Before)?.Entry.Port.Id.Protocol == ServiceProtocol.Udp
        && (isFirst || Targets(change.Before).Except(Targets(change.After)).Any() || (Targets(change.After).Any() && HasNewPlace(change)));

    // Or a place of which nobody was led anywhere yet.
    private static bool HasNewPlace(NatChange change) =>
        !Targets(change.Before).Any() || change.After!.Places.Keys.Except(change.Before!.Places.Keys).Any();

    private static IEnumerable<IPEndPoint> Targets(NatService? service) => service?.Lists.SelectMany(list => list.Targets) ?? [];

    private void Note(NatPlace place, HashSet<IPEndPoint> backends)
    {
        lock (_lock)
        {
            if (_waiting is null)
            {
                _waiting = [];
                Cut = CutAsync(Cut);
            }

            _waiting[(place.Address, place.Port)] = backends;
        }
    }

    // Away from the loop: with a full table of connections it takes some tenths of a second.
    private async Task CutAsync(Task earlier)
    {
        await Task.Yield();
        await earlier;
        Dictionary<(IPAddress?, int), HashSet<IPEndPoint>> places;
        lock (_lock)
        {
            places = _waiting!;
            _waiting = null;
        }

        for (var isFirst = true; TryCut(places, isFirst) is false && !_stopping.IsCancellationRequested; isFirst = false)
        {
            await Task.Delay(RetryPause, TimeProvider.System, _stopping.Token).ContinueWith(static _ => { }, CancellationToken.None, TaskContinuationOptions.None, TaskScheduler.Default);
            // Who may have a place's flows by now.
            lock (_lock)
                foreach (var (place, backends) in _waiting ?? []) places[place] = backends;
        }
    }

    /// <summary>False where there was not enough to do it with.</summary>
    private bool TryCut(Dictionary<(IPAddress?, int), HashSet<IPEndPoint>> places, bool isFirst)
    {
        try
        {
            _tracking ??= new ConnectionTracking();
            var own = NodeAddresses.Current().Where(address => !IPAddress.IsLoopback(address)).ToHashSet();
            foreach (var family in (AddressFamily[])[AddressFamily.InterNetwork, AddressFamily.InterNetworkV6]) _tracking.DeleteUdp(family, flow => IsStale(flow, places, own));
        }
        catch (Exception exception) when (exception is Win32Exception or InvalidDataException)
        {
            // The end of a task of its own; flows end by themselves when their clients are silent.
            _tracking?.Dispose();
            _tracking = null;
            if (isFirst) logger.LogWarning("UDP flows to backends that are gone can't be cut: {Error}", exception.Message);
            return !Shortage.Is(exception);
        }

        return true;
    }

    /// <summary>Whether a flow to one of the places has another end than a backend of its service: one that is gone, or none as it was not translated.</summary>
    /// <param name="flow">As the kernel tracks it.</param>
    /// <param name="places">The backends of each; node ports have no address.</param>
    /// <param name="own">The addresses at which node ports are served: others may speak to such ports elsewhere.</param>
    internal static bool IsStale(TrackedFlow flow, Dictionary<(IPAddress?, int), HashSet<IPEndPoint>> places, HashSet<IPAddress> own) =>
        (places.TryGetValue((flow.Destination.Address, flow.Destination.Port), out var backends)
            || (places.TryGetValue((null, flow.Destination.Port), out backends) && own.Contains(flow.Destination.Address)))
        && !backends.Contains(flow.Answerer);
}

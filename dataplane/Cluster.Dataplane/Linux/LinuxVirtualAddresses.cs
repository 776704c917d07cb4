using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Linux.Netlink;
using Cluster.Dataplane.Linux.Nftables;
using Cluster.Dataplane.Linux.SocketLookup;
using Microsoft.Extensions.Logging;

namespace Cluster.Dataplane.Linux;

/// <summary>
/// Virtual addresses on Linux: one AnyIP route per service range (and one per address outside of them), and what lets only service
/// ports answer there: a BPF program that selects sockets or, where that is not allowed, an nftables guard. Nothing is translated:
/// services see, and containers show, their true addresses.
/// </summary>
public sealed class LinuxVirtualAddresses : IVirtualAddresses, IDisposable
{
    private readonly HashSet<Place> _allowed = [];
    private readonly HashSet<IPNetwork> _single = [];
    private readonly LinuxAddressOptions _options;
    private readonly LocalRoutes _routes;
    private readonly ServiceGuard _guard;
    private readonly ILogger _logger;
    private readonly ReturnRoute? _return;
    private ServiceLookup? _lookup;
    // nft could not be run: what the kernel has is not what we hold to be allowed.
    private bool _stale;
    // There is no nft, and BPF refuses without it.
    private bool _unguarded;
    // Another process serves still, or again: the host's state is that one's.
    private bool _holding;

    public LinuxVirtualAddresses(LinuxAddressOptions options, ILogger logger)
    {
        _options = options;
        _logger = logger;
        _routes = new LocalRoutes(options.RouteProtocol);
        _guard = new ServiceGuard(options.Table);
        if (options.ReturnMark != 0) _return = new ReturnRoute(options.ReturnMark, options.ReturnTable, options.RouteProtocol);
    }

    /// <summary>Present where the BPF program selects sockets.</summary>
    public ISocketSteering? Steering => _lookup;

    /// <summary>Present where marks, the rule and its route could be made.</summary>
    public bool ReturnsAnswers { get; private set; }

    private IEnumerable<IPNetwork> AllRanges => _options.Ranges.Concat(_single);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        // First, while what an earlier process left still refuses: those addresses are in no range of this one's before its first table.
        if (!_holding)
            foreach (var left in _routes.List().Except(_options.Ranges)) _routes.Remove(left);
        _lookup = StartLookup();
        if (_lookup is null)
        {
            // Fails where there is no nft, before anything is said to be made.
            await _guard.ExistsAsync(cancellationToken);
        }

        // Refusal first: an address must not be local for a moment without it.
        if (_holding) return;
        _options.Owned?.Invoke($"nft inet {_options.Table}");
        await CreateGuardAsync(cancellationToken);
        foreach (var range in _options.Ranges) AddRoute(range);
        await ReturnAnswersAsync(cancellationToken);
    }

    public void Hold() => _holding = true;

    public async Task TakeOverAsync(CancellationToken cancellationToken)
    {
        if (!_holding) return;
        _holding = false;
        // By now both the program's maps and the guard's places are whole, so that each takes the place of its predecessor at once.
        _lookup?.Attach();
        _options.Owned?.Invoke($"nft inet {_options.Table}");
        await RecreateMarkingAsync(cancellationToken);
        foreach (var range in AllRanges) AddRoute(range);
        foreach (var left in _routes.List().Except(AllRanges)) _routes.Remove(left);
    }

    // With the marks in the same transaction: answers on their way to clients beyond the node find their way meanwhile.
    private async Task RecreateMarkingAsync(CancellationToken cancellationToken)
    {
        try
        {
            ReturnsAnswers = _return is not null;
            await RecreateAsync(cancellationToken);
            if (!ReturnsAnswers) return;
            if (_unguarded) throw new NftException("nft does not make the marks");
            _options.Owned?.Invoke($"rule mark 0x{_options.ReturnMark:x} table {_options.ReturnTable}");
            _return!.Set();
        }
        catch (Exception exception) when (ReturnsAnswers && exception is NftException or Win32Exception)
        {
            ReturnsAnswers = false;
            _logger.LogWarning("Backends see clients beyond the node by this node's address: {Reason}", exception.Message);
            await RecreateAsync(cancellationToken);
        }
    }

    public void LetGo()
    {
        _holding = true;
        _lookup?.LetGo();
    }

    public async Task ChangeAddressesAsync(IReadOnlyCollection<IPAddress> added, IReadOnlyCollection<IPAddress> removed, CancellationToken cancellationToken)
    {
        // Those of the ranges are local by one route already.
        var come = Outside(added);
        if (come.Count > 0)
        {
            var own = NodeAddresses.Current().ToHashSet();
            come.RemoveAll(address => own.Contains(address.BaseAddress) || _single.Contains(address));
        }

        var gone = Outside(removed).FindAll(_single.Contains);
        if (come.Count + gone.Count == 0) return;
        foreach (var address in gone)
        {
            if (!_holding) _routes.Remove(address);
            _single.Remove(address);
        }

        _lookup?.ChangeRanges(come, gone);
        _single.UnionWith(come);
        if (_holding) return;
        try
        {
            await ChangeGuardedAsync(come, gone, cancellationToken);
            foreach (var address in come) AddRoute(address);
        }
        catch
        {
            // Ours once it is refused there and local: whoever asks again for it gets all of it.
            _single.ExceptWith(come);
            throw;
        }
    }

    private async Task ChangeGuardedAsync(List<IPNetwork> come, List<IPNetwork> gone, CancellationToken cancellationToken)
    {
        if (_unguarded) return;
        try
        {
            if (!_stale) await _guard.ChangeRangesAsync(come, gone, cancellationToken);
        }
        catch (NftException exception)
        {
            _logger.LogWarning("The table {Table} is made anew: {Error}", _options.Table, exception.Message);
            _stale = true;
        }

        if (_stale) await RecreateAsync(cancellationToken);
    }

    private List<IPNetwork> Outside(IReadOnlyCollection<IPAddress> addresses) =>
    [
        .. addresses
            .Where(address => !IsWildcard(address) && !_options.Ranges.Any(range => range.Contains(address)))
            .Select(Single),
    ];

    public async Task AllowAsync(IReadOnlyCollection<Place> added, IReadOnlyCollection<Place> removed, CancellationToken cancellationToken)
    {
        if (_lookup is not null)
        {
            // An address that is given up with its last place is virtual no more, and its places must go all the same.
            _lookup.Allow(added.Where(IsVirtual), removed);
            return;
        }

        var gone = removed.Where(_allowed.Remove).ToList();
        var come = added.Where(IsVirtual).Where(_allowed.Add).ToList();
        if (_holding || (gone.Count + come.Count == 0 && !_stale)) return;
        try
        {
            if (!_stale) await _guard.ChangePortsAsync(come, gone, cancellationToken);
        }
        catch (NftException exception)
        {
            _logger.LogWarning("The table {Table} is made anew: {Error}", _options.Table, exception.Message);
            _stale = true;
        }

        if (_stale) await RecreateAsync(cancellationToken);
    }

    public async Task VerifyAsync(CancellationToken cancellationToken)
    {
        if (_holding) return;
        if (_lookup is not null && !_lookup.Verify())
            _logger.LogWarning("The program that selects the sockets of services was detached by someone else and is attached again");
        if (!_unguarded && (_stale || !await _guard.ExistsAsync(cancellationToken)))
        {
            if (!_stale) _logger.LogWarning("The table {Table} was removed by someone else and is made anew", _options.Table);
            await RecreateAsync(cancellationToken);
        }

        if (ReturnsAnswers) _return!.Set();
        var present = _routes.List().ToHashSet();
        foreach (var range in AllRanges.Where(range => !present.Contains(range))) AddRoute(range);
    }

    /// <summary>Removes every route of ours and the table; what is not there is no failure.</summary>
    /// <exception cref="NftException">Only the table is in question: nft is missing, or refused.</exception>
    /// <exception cref="AggregateException">Routes are left too, told after everything was tried.</exception>
    public async Task RemoveAsync(CancellationToken cancellationToken)
    {
        var failures = new List<Exception>();
        foreach (var route in _routes.List())
        {
            try
            {
                _routes.Remove(route);
            }
            catch (Win32Exception exception)
            {
                failures.Add(exception);
            }
        }

        _allowed.Clear();
        _single.Clear();
        RemoveLookup(failures);
        try
        {
            _return?.Remove();
        }
        catch (Win32Exception exception)
        {
            failures.Add(exception);
        }

        try
        {
            await _guard.RemoveAsync(cancellationToken);
        }
        catch (NftException exception) when (failures.Count > 0)
        {
            failures.Add(exception);
        }

        if (failures.Count > 0) throw new AggregateException("Not all service routes and rules could be removed", failures);
    }

    private void RemoveLookup(List<Exception> failures)
    {
        Dispose();
        if (_options.PinPath is not { } folder) return;
        try
        {
            ServiceLookup.Remove(folder);
        }
        catch (Exception exception) when (exception is Win32Exception or IOException or UnauthorizedAccessException)
        {
            failures.Add(exception);
        }
    }

    /// <summary>Lets go of what this process holds; what refuses stays.</summary>
    public void Dispose()
    {
        _lookup?.Dispose();
        _lookup = null;
    }

    private ServiceLookup? StartLookup()
    {
        if (_options.PinPath is not { } folder) return null;
        try
        {
            return ServiceLookup.Start(folder, () => _options.Owned?.Invoke($"bpffs {folder}"), _options.Ranges, attach: !_holding);
        }
        catch (Exception exception) when (exception is Win32Exception or IOException or UnauthorizedAccessException or PlatformNotSupportedException)
        {
            _logger.LogWarning("BPF does not select the sockets of services here, nftables guards their addresses instead: {Reason}", exception.Message.Split('\n')[0]);
            return null;
        }
    }

    private bool IsVirtual(Place place) =>
        _single.Contains(Single(place.Address)) || _options.Ranges.Any(range => range.Contains(place.Address));

    private static IPNetwork Single(IPAddress address) => new(address, address.AddressFamily == AddressFamily.InterNetworkV6 ? 128 : 32);

    private async Task ReturnAnswersAsync(CancellationToken cancellationToken)
    {
        if (_return is null) return;
        try
        {
            if (_unguarded) throw new NftException("there is no nftables here");
            await _guard.MarkReturningAsync(_options.ReturnMark, cancellationToken);
            _options.Owned?.Invoke($"rule mark 0x{_options.ReturnMark:x} table {_options.ReturnTable}");
            _return.Set();
            ReturnsAnswers = true;
        }
        catch (Exception exception) when (exception is NftException or Win32Exception)
        {
            _logger.LogWarning("Backends see clients beyond the node by this node's address: {Reason}", exception.Message);
        }
    }

    private async Task RecreateAsync(CancellationToken cancellationToken)
    {
        _stale = true;
        await CreateGuardAsync(cancellationToken);
        _stale = false;
    }

    private async Task CreateGuardAsync(CancellationToken cancellationToken)
    {
        try
        {
            await _guard.CreateAsync(AllRanges, _allowed, refusing: _lookup is null, ReturnsAnswers ? _options.ReturnMark : 0, cancellationToken);
            _unguarded = false;
        }
        catch (NftException exception) when (_lookup is not null)
        {
            _unguarded = true;
            _logger.LogWarning("Published container ports may capture those of services, for their addresses are not kept from translation: {Error}", exception.Message);
        }
    }

    private void AddRoute(IPNetwork range)
    {
        _options.Owned?.Invoke($"route {range}");
        var family = range.BaseAddress.AddressFamily;
        var source = _options.NodeAddresses.FirstOrDefault(address => address.AddressFamily == family) ?? NodeAddresses.OfDefaultRoute(family);
        try
        {
            _routes.Set(range, source);
        }
        catch (Win32Exception exception) when (family == AddressFamily.InterNetworkV6 && exception.NativeErrorCode is Errno.EACCES or Errno.EOPNOTSUPP or Errno.EAFNOSUPPORT)
        {
            // IPv6 is off here, by sysctl or from the kernel's start: services have their IPv4 addresses still.
            _logger.LogWarning("{Range} is not served: this host has no IPv6 ({Error})", range, exception.Message);
        }
    }

    private static bool IsWildcard(IPAddress address) => address.Equals(IPAddress.Any) || address.Equals(IPAddress.IPv6Any);
}

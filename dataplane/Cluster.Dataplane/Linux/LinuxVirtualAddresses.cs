using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Linux.Netlink;
using Cluster.Dataplane.Linux.Nftables;
using Microsoft.Extensions.Logging;

namespace Cluster.Dataplane.Linux;

/// <summary>
/// Virtual addresses on Linux: one AnyIP route per service range (and one per address outside of them), and the guard that lets
/// only service ports answer there. Nothing is translated: services see, and containers show, their true addresses.
/// </summary>
public sealed class LinuxVirtualAddresses : IVirtualAddresses
{
    private readonly HashSet<Place> _allowed = [];
    private readonly HashSet<IPNetwork> _single = [];
    private readonly LinuxAddressOptions _options;
    private readonly LocalRoutes _routes;
    private readonly ServiceGuard _guard;
    private readonly ILogger _logger;
    // nft could not be run: what the kernel has is not what we hold to be allowed.
    private bool _stale;

    public LinuxVirtualAddresses(LinuxAddressOptions options, ILogger logger)
    {
        _options = options;
        _logger = logger;
        _routes = new LocalRoutes(options.RouteProtocol);
        _guard = new ServiceGuard(options.Table);
    }

    private IEnumerable<IPNetwork> AllRanges => _options.Ranges.Concat(_single);

    public async Task StartAsync(CancellationToken cancellationToken)
    {
        // Fails where there is no nft, before anything is said to be made.
        await _guard.ExistsAsync(cancellationToken);
        _options.Owned?.Invoke($"nft inet {_options.Table}");
        // The guard first: an address must not be local for a moment without it.
        await _guard.CreateAsync(_options.Ranges, [], cancellationToken);
        foreach (var left in _routes.List().Except(_options.Ranges)) _routes.Remove(left);
        foreach (var range in _options.Ranges) AddRoute(range);
    }

    public async Task ChangeAddressesAsync(IReadOnlyCollection<IPAddress> added, IReadOnlyCollection<IPAddress> removed, CancellationToken cancellationToken)
    {
        // Those of the ranges are local by one route already.
        var come = Outside(added);
        if (come.Count > 0)
        {
            var own = NodeAddresses.Current().ToHashSet();
            come.RemoveAll(address => own.Contains(address.BaseAddress) || !_single.Add(address));
        }

        var gone = Outside(removed).FindAll(_single.Remove);
        if (come.Count + gone.Count == 0) return;
        foreach (var address in gone) _routes.Remove(address);
        await _guard.ChangeRangesAsync(come, gone, cancellationToken);
        foreach (var address in come) AddRoute(address);
    }

    private List<IPNetwork> Outside(IReadOnlyCollection<IPAddress> addresses) =>
    [
        .. addresses
            .Where(address => !IsWildcard(address) && !_options.Ranges.Any(range => range.Contains(address)))
            .Select(address => new IPNetwork(address, address.AddressFamily == AddressFamily.InterNetworkV6 ? 128 : 32)),
    ];

    public async Task AllowAsync(IReadOnlyCollection<Place> added, IReadOnlyCollection<Place> removed, CancellationToken cancellationToken)
    {
        var gone = removed.Where(_allowed.Remove).ToList();
        var come = added.Where(place => AllRanges.Any(range => range.Contains(place.Address))).Where(_allowed.Add).ToList();
        if (gone.Count + come.Count == 0 && !_stale) return;
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
        if (!await _guard.ExistsAsync(cancellationToken))
        {
            _logger.LogWarning("The table {Table} was removed by someone else and is made anew", _options.Table);
            await RecreateAsync(cancellationToken);
        }

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

    private async Task RecreateAsync(CancellationToken cancellationToken)
    {
        _stale = true;
        await _guard.CreateAsync(AllRanges, _allowed, cancellationToken);
        _stale = false;
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

using System.ComponentModel;
using System.Net;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Services;
using Microsoft.Extensions.Logging;

namespace Cluster.Dataplane.SocketLb;

/// <summary>The connect-time path in the life of a node's data plane: whether it runs, since when, and what it has been told.</summary>
/// <remarks>One writer applies changes; questions come from any thread. Trouble never reaches the writer: the loops serve everything anyway.</remarks>
internal sealed class SocketPath(SocketLoadBalancerOptions? options, ServiceDirectory directory, IReadOnlyList<IPNetwork> podRanges, ILoggerFactory logs, TimeProvider time) : IAsyncDisposable
{
    private readonly Lock _lock = new();
    private readonly CancellationTokenSource _stopping = new();
    private readonly ILogger _logger = logs.CreateLogger<SocketLoadBalancer>();
    private volatile SocketLoadBalancer? _balancer;
    private volatile string _whyNot = options is null ? "the connect-time path is off" : "no service asks for the path connect";
    private Task _namespaces = Task.CompletedTask;
    private IReadOnlyCollection<Place> _reserved = [];
    private readonly Dictionary<ServicePortId, ServiceTableChange> _owed = [];
    private bool _tried;
    // The pins are another process's: tried again, for until they are ours nobody tells the programs of changes once that one is gone.
    // Or there were no descriptors left.
    private bool _mayPass;
    private bool _applied;
    private bool _waits;
    private bool _behind;
    private bool _disposed;

    public SocketLoadBalancer? Balancer => _balancer;

    /// <summary>Begins, unless that waits for a service that asks.</summary>
    /// <param name="reserved">Places on services' addresses that others answer.</param>
    /// <param name="waits">Another process keeps the programs' maps still: nothing is touched before <see cref="TakeOver"/>.</param>
    public void Start(IReadOnlyCollection<Place> reserved, bool waits = false)
    {
        lock (_lock)
        {
            _reserved = reserved;
            _waits = waits;
            if (!waits && options is { OnlyWhereAsked: false }) TryStart();
        }
    }

    /// <summary>The other process has let go: begins by its maps, with the whole table.</summary>
    public void TakeOver(ServiceTable table)
    {
        lock (_lock)
        {
            if (!_waits) return;
            _waits = false;
            ServiceTableChange[] all = [.. table.Entries.Select(entry => new ServiceTableChange(null, entry))];
            if (options is { OnlyWhereAsked: false }) TryStart();
            ApplyLocked(all, table);
        }
    }

    /// <summary>Leaves the maps, and the programs where they are pinned, to the next process.</summary>
    public async Task LetGoAsync()
    {
        SocketLoadBalancer? balancer;
        lock (_lock)
        {
            _waits = true;
            balancer = _balancer;
            _balancer = null;
            _whyNot = "another process of this proxy serves now";
        }

        await _stopping.CancelAsync();
        await _namespaces;
        if (balancer is not null) await balancer.DisposeAsync();
    }

    /// <summary>Puts changes into effect; what could not be is offered again with the next ones, or by <see cref="Retry"/>.</summary>
    public void Apply(IReadOnlyList<ServiceTableChange> changes, ServiceTable table)
    {
        lock (_lock) ApplyLocked(changes, table);
    }

    /// <summary>Some of a service port's backends have become available or ceased to be. Any thread.</summary>
    public void Refresh(ServiceEntry entry)
    {
        // Looked at under the lock: what the writer published before has been applied, or will be after this.
        lock (_lock)
        {
            if (directory.InForce(entry) is { } current) ApplyLocked([new ServiceTableChange(current, current)], directory.Current);
        }
    }

    /// <summary>Offers again what could not be put into effect, and begins where what was in the way may have passed. Any thread.</summary>
    public void Retry()
    {
        lock (_lock)
        {
            if (_mayPass && !_waits && !_disposed) BeginAnew();
            else if (_balancer is not null && (_owed.Count > 0 || _behind)) SettleLocked();
        }
    }

    /// <summary>What of the port's clients on this node take a relay, and why; null where none do.</summary>
    public LeftToRelays? Left(ServicePort port)
    {
        // Not while it begins: what it has not been told of yet it would seem to serve.
        lock (_lock)
        {
            if (_balancer is { } balancer) return balancer.Left(port.Id);
        }

        var why = port.Path is ServicePath.Loop or ServicePath.Managed ? ConnectPath.WhyNot(port, onlyWhereAsked: false)! : _whyNot;
        return new LeftToRelays(why, IsWhole: true);
    }

    public async ValueTask DisposeAsync()
    {
        await _stopping.CancelAsync();
        await _namespaces;
        if (_balancer is { } balancer) await balancer.DisposeAsync();
        lock (_lock) _disposed = true;
        _stopping.Dispose();
    }

    private void ApplyLocked(IReadOnlyList<ServiceTableChange> changes, ServiceTable table)
    {
        if (options is null || _waits) return;
        var late = !_tried && changes.Any(change => change.After?.Port.Path == ServicePath.Connect);
        if (late) TryStart();
        if (_balancer is null) return;
        Owe(late ? [.. table.Entries.Select(entry => new ServiceTableChange(null, entry))] : changes);
        SettleLocked();
    }

    private void Owe(IReadOnlyList<ServiceTableChange> changes)
    {
        foreach (var change in changes) _owed[(change.After ?? change.Before)!.Port.Id] = change;
    }

    private void SettleLocked()
    {
        if (_disposed) return;
        try
        {
            _balancer!.Apply([.. _owed.Values]);
            _owed.Clear();
            // The first table is whole: what an earlier process had beyond it is gone.
            if (!_applied) _balancer.RemoveLeftovers();
            _applied = true;
            if (_behind) _logger.LogInformation("The connect-time path follows the service table again");
            _behind = false;
        }
        catch (Exception exception) when (exception is Win32Exception or IOException)
        {
            // Said once: the same is tried again every moment.
            if (!_behind) _logger.LogError(exception, "The connect-time path could not follow the service table, and goes on trying");
            _behind = true;
        }
    }

    private void BeginAnew()
    {
        TryStart();
        if (_balancer is null) return;
        Owe([.. directory.Current.Entries.Select(entry => new ServiceTableChange(null, entry))]);
        SettleLocked();
    }

    private void TryStart()
    {
        _tried = true;
        // Whoever tries again need not wait: the next time is near.
        var patience = _mayPass ? TimeSpan.Zero : options!.LockPatience;
        var isKnown = _mayPass;
        _balancer = SocketLoadBalancer.TryStart(options! with { Reserved = _reserved, LockPatience = patience }, _logger, out var whyNot, out _mayPass, directory.Box, time);
        if (_balancer is not { } balancer)
        {
            _whyNot = $"the connect-time path is not possible here: {whyNot}";
            if (!isKnown || !_mayPass) _logger.LogWarning("Sockets can't be connected to backends from the start, all services take relays: {Reason}", whyNot);
            return;
        }

        _logger.LogInformation("Sockets of this node are connected to backends from the start");
        if (options!.NamespaceFolders.Count > 0 && podRanges.Count > 0)
            _namespaces = Task.Run(() => new PodNamespaces(balancer, options.NamespaceFolders, podRanges, _logger, time).RunAsync(_stopping.Token));
    }
}

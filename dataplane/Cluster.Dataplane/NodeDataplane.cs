using System.Net;
using System.Net.NetworkInformation;
using System.Threading.Channels;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Handover;
using Cluster.Dataplane.Health;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Linux.Nftables.Nat;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.SocketLb;
using Cluster.Dataplane.Tcp.Linux;
using Cluster.Dataplane.Tcp.Managed;
using Cluster.Dataplane.Udp.Linux;
using Cluster.Dataplane.Udp.Managed;
using Microsoft.Extensions.Logging;

namespace Cluster.Dataplane;

/// <summary>Makes the service table true on this node: opens and closes frontends as it changes and relays their traffic.</summary>
/// <remarks>
/// One writer changes <see cref="Directory"/> and calls <see cref="Publish"/>. Balancing uses the new table from that moment; frontends
/// follow on a loop of their own, which takes all changes that have come up meanwhile together.
/// <para>
/// Where another process serves still (<see cref="HandoverSockets.IsTakingOver"/>) everything is prepared and nothing served until a
/// <see cref="Succession"/> completes; the same hands over to the next process.
/// </para>
/// </remarks>
public sealed partial class NodeDataplane : IHandoverSource, IAsyncDisposable
{
    /// <summary>How long a publication waits for flows to be cut: with a full table of connections it takes some tenths of a second.</summary>
    private static readonly TimeSpan LongestCut = TimeSpan.FromSeconds(1);

    /// <summary>How late the end of a process that drains may be.</summary>
    private static readonly TimeSpan DrainLook = TimeSpan.FromMilliseconds(100);

    private readonly Channel<Work> _work = Channel.CreateUnbounded<Work>(new UnboundedChannelOptions { SingleReader = true });
    private readonly CancellationTokenSource _stopping = new();
    private readonly IVirtualAddresses _addresses;
    private readonly FrontendSet _frontends;
    private readonly NatTable? _nat;
    private readonly RelaySet _relays;
    private readonly SocketPath _sockets;
    private readonly Rebalancer _rebalancer;
    private readonly HealthChecker _health;
    private readonly IReadOnlyList<IPNetwork> _podRanges;
    private readonly ILogger _logger;
    private readonly ITimer _retry;
    private readonly ITimer _verify;
    private readonly TimeProvider _time;
    private readonly bool _takesOver;
    private IReadOnlyCollection<Place> _reserved = [];
    private Task _loop = Task.CompletedTask;
    private Task _watching = Task.CompletedTask;
    private bool _published;
    // While it hands over: changes wait. And once it has: they are the next process's.
    private bool _rests;
    private bool _isLeft;
    private bool _natWaits;
    // The node's own addresses are to be looked at; asked for again where that failed.
    private bool _hasNewAddresses;
    private bool _hasTable;
    private volatile bool _watches;
    private bool _toldUnwatched;
    private bool _toldUnlisted;

    public NodeDataplane(DataplaneOptions options, IVirtualAddresses addresses, ILoggerFactory logs, TimeProvider time)
    {
        DataplaneMetrics.Register();
        _addresses = addresses;
        _time = time;
        _takesOver = options.Sockets.IsTakingOver;
        _podRanges = options.PodRanges;
        _logger = logs.CreateLogger<NodeDataplane>();
        Directory = new ServiceDirectory(Balancing.BalancingPolicies.BuiltIn(time), options.PenaltyBox, time);
        Directory.AvailabilityChanged += OnAvailabilityChanged;
        _relays = new RelaySet(
            OperatingSystem.IsLinux() ? () => new LoopTcpRelay(Directory, options.Tcp, options.Threads, logs.CreateLogger<LoopTcpRelay>(), addresses.Steering, options.Sockets) : null,
            OperatingSystem.IsLinux() ? () => new LoopUdpRelay(Directory, options.Udp, options.Threads, logs.CreateLogger<LoopUdpRelay>(), time, addresses.Steering, options.Sockets) : null,
            () => new TcpRelay(Directory, options.Tcp, logs.CreateLogger<TcpRelay>(), time, options.Sockets),
            () => new UdpRelay(Directory, options.Udp, logs.CreateLogger<UdpRelay>(), time, options.Sockets));
        _sockets = new SocketPath(options.SocketLb, Directory, options.PodRanges, logs, time);
        if (options.KernelNat is { } nat) _nat = new NatTable(nat, logs.CreateLogger<NatTable>());
        _frontends = new FrontendSet(_relays, addresses, DescriptorBudget.Of(ResourceLimits.OpenFiles).Frontends);
        _rebalancer = new Rebalancer(Directory, time);
        _health = new HealthChecker(Directory, time);
        _retry = time.CreateTimer(_ => _work.Writer.TryWrite(new Retry()), null, options.RetryPeriod, options.RetryPeriod);
        _verify = time.CreateTimer(_ => _work.Writer.TryWrite(new Verify()), null, options.VerifyPeriod, options.VerifyPeriod);
    }

    /// <summary>The table's writer side.</summary>
    public ServiceDirectory Directory { get; }

    /// <summary>The connect-time path; null where it is off, not asked for yet, or not possible here.</summary>
    public SocketLoadBalancer? Sockets => _sockets.Balancer;

    /// <summary>What the kernel's translation refused; null where it does not translate. Asks the kernel each time.</summary>
    public NatRefusals? Refusals => _nat?.Refusals();

    /// <summary>TCP connections being relayed.</summary>
    public int ActiveConnections => _relays.Active(ServiceProtocol.Tcp);

    /// <summary>UDP sessions being relayed.</summary>
    public int ActiveSessions => _relays.Active(ServiceProtocol.Udp);

    /// <summary>Told, on the data plane's own loop, of a frontend that can't be opened and, later, that it was after all or is no longer wanted.</summary>
    public event Action<Frontend, FrontendResult>? FrontendReported
    {
        add
        {
            _frontends.Reported += value;
            if (_nat is not null) _nat.Reported += value;
        }

        remove
        {
            _frontends.Reported -= value;
            if (_nat is not null) _nat.Reported -= value;
        }
    }

    /// <summary>Prepares the host's addresses and starts to follow the table.</summary>
    /// <param name="reserved">Places on virtual addresses that the host process itself answers, such as DNS: allowed, and never opened here.</param>
    /// <exception cref="Exception">Routes or rules can't be made; the message says why.</exception>
    public async Task StartAsync(IReadOnlyCollection<Place> reserved, CancellationToken cancellationToken)
    {
        _reserved = reserved;
        if (_takesOver)
        {
            _addresses.Hold();
            _relays.Hold();
        }

        await _addresses.StartAsync(cancellationToken);
        _natWaits = _takesOver;
        if (_nat is not null && !_natWaits) await _nat.StartAsync(reserved, cancellationToken);
        NoteOrigins();
        await _frontends.StartAsync(reserved, cancellationToken);
        _sockets.Start(reserved, waits: _takesOver);
        _loop = Task.Run(FollowAsync, CancellationToken.None);
        // Beside what follows: it starts a thread and a socket of the runtime's. What changed before it listens is looked at then.
        _watching = Task.Run(WatchAddresses, CancellationToken.None);
    }

    /// <summary>Publishes the directory's changes.</summary>
    /// <returns>
    /// Ends when frontends have followed and sockets were cut from backends that are gone, or, where there is not enough to do that with, after a second:
    /// it is done later then, and other changes do not wait for it. The caller need not wait.
    /// </returns>
    public Task Publish()
    {
        var changes = Directory.Publish();
        _sockets.Apply(changes, Directory.Current);
        // An empty first table too says that what an earlier process served is gone.
        if (changes.Count == 0 && _published) return Task.CompletedTask;
        _published = true;
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (!_work.Writer.TryWrite(new Changed(changes, done))) done.SetResult();
        return _nat is not null || _sockets.Balancer?.Cut is { IsCompleted: false } ? WithCutAsync(done.Task) : done.Task;
    }

    private async Task WithCutAsync(Task followed)
    {
        var cut = _sockets.Balancer?.Cut ?? Task.CompletedTask;
        await followed;
        // Its own rules are made by then, and what they cut is known.
        if (_nat is not null) cut = _nat.Cut;
        await cut.WaitAsync(LongestCut, _time).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    /// <summary>TCP connections that a pod has from this node. Any thread; looks at the whole table.</summary>
    /// <param name="uid">The pod's uid.</param>
    public BackendConnections ConnectionsOf(string uid)
    {
        var (takesNew, count) = (false, 0L);
        foreach (var entry in Directory.Current.Entries.Where(entry => entry.Port.Id.Protocol == ServiceProtocol.Tcp))
        {
            foreach (var backend in entry.Backends)
            {
                if (backend.Uid != uid) continue;
                takesNew |= backend.Health == BackendHealth.Ready;
                count += backend.State.Active + (Sockets?.Counters(entry.Port.Id, backend).Active ?? 0);
            }
        }

        foreach (var (id, backend) in Directory.Gone())
            if (backend.Uid == uid && id.Protocol == ServiceProtocol.Tcp) count += backend.State.Active;
        count += Sockets?.GoneConnections(uid) ?? 0;
        return new BackendConnections(takesNew, count);
    }

    /// <summary>The way each service port takes, and why. Any thread.</summary>
    public IEnumerable<ServicePathReport> Paths() => Directory.Current.Entries.Select(Report);

    /// <summary>Waits until the connections of a process that has handed over have ended, or the limit is over; then those left are reset with the rest.</summary>
    public async Task DrainAsync(TimeSpan limit, CancellationToken cancellationToken)
    {
        var began = _time.GetTimestamp();
        while (ActiveConnections > 0 && _time.GetElapsedTime(began) < limit) await Task.Delay(DrainLook, _time, cancellationToken);
    }

    /// <summary>Goes on with the flows of the process that served before, with its clients' affinities and the backends it left out. Nothing is received yet.</summary>
    internal Task AdoptAsync(HandedState state) => DoAsync(async () =>
    {
        // What that process opened while this one prepared is here by now.
        await _frontends.ApplyAsync(retry: true, _stopping.Token);
        _relays.AdoptFlows(state.Flows);
        HandedAffinities.Restore(Directory.Current, state.Affinities, _time);
        HandedPenalties.Restore(Directory, state.Penalties);
    });

    /// <summary>Serves: that process has let go of sockets and flows.</summary>
    internal Task ServeAsync() => DoAsync(async () =>
    {
        _relays.Begin();
        await _addresses.TakeOverAsync(_stopping.Token);
        NoteOrigins();
        // Addresses that are local only now.
        await _frontends.ApplyAsync(retry: true, _stopping.Token);
    });

    /// <summary>Goes on with the kernel's state: that process has let go of all.</summary>
    internal Task TakeHostAsync() => DoAsync(async () =>
    {
        _sockets.TakeOver(Directory.Current);
        _natWaits = false;
        if (_nat is null) return;
        await _nat.StartAsync(_reserved, _stopping.Token);
        _nat.Apply(published: true);
    });

    async Task<HandedState> IHandoverSource.SuspendAsync()
    {
        var state = new HandedState([], [], []);
        await DoAsync(() =>
        {
            _rests = true;
            state = new HandedState(_relays.SuspendFlows(), HandedAffinities.Of(Directory.Current, _time), HandedPenalties.Of(Directory.Current));
            return Task.CompletedTask;
        });
        return state;
    }

    Task IHandoverSource.ResumeAsync() => DoAsync(() =>
    {
        _rests = false;
        _relays.ResumeFlows();
        return Task.CompletedTask;
    });

    Task IHandoverSource.LetGoAsync() => DoAsync(async () =>
    {
        _isLeft = true;
        // The process that serves does both by the table in force.
        await _rebalancer.DisposeAsync();
        await _health.DisposeAsync();
        try
        {
            _relays.LetGo();
            _addresses.LetGo();
        }
        finally
        {
            // Whatever became of the rest: the other process waits for the lock on these.
            await _sockets.LetGoAsync();
        }
    });

    public async ValueTask DisposeAsync()
    {
        await _watching;
        await _retry.DisposeAsync();
        await _verify.DisposeAsync();
        _work.Writer.TryComplete();
        await _stopping.CancelAsync();
        await _loop;
        // Only now, for the loop may have begun to watch a moment ago.
        NetworkChange.NetworkAddressChanged -= OnNodeAddressesChanged;
        await _rebalancer.DisposeAsync();
        await _health.DisposeAsync();
        await _sockets.DisposeAsync();
        if (_nat is not null) await _nat.DisposeAsync();
        await _relays.DisposeAsync();
        Directory.Box.Dispose();
        // Last: until the listeners were gone, connections could still come.
        (_addresses as IDisposable)?.Dispose();
        _stopping.Dispose();
    }

    private ServicePathReport Report(ServiceEntry entry)
    {
        var port = entry.Port;
        if (_nat is not null) return new ServicePathReport(port.Id, ServicePath.Nftables, WhyNftables(port));
        if (_sockets.Left(port) is { IsWhole: true } left) return new ServicePathReport(port.Id, _relays.Resolve(port.Id.Protocol, port.Path), left.Why);
        var why = port.Path == ServicePath.Connect ? "the service asks for it" : "the best path for TCP that this host allows";
        var rest = _sockets.Left(port) is { } part ? $"; relays where {part.Why}" : "";
        return new ServicePathReport(port.Id, ServicePath.Connect, why + rest);
    }

    private static string WhyNftables(ServicePort port)
    {
        const string why = "the proxy runs in the mode nftables";
        return NatOptions.WithoutEffect(port) is { Count: > 0 } names ? $"{why}, where {string.Join(", ", names)} {(names.Count == 1 ? "has" : "have")} no effect" : why;
    }
}

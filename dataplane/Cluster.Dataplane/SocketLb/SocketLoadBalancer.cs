using System.ComponentModel;
using System.Net;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Linux.Bpf;
using Cluster.Dataplane.Net;
using Cluster.Dataplane.Services;
using Microsoft.Extensions.Logging;

namespace Cluster.Dataplane.SocketLb;

/// <summary>
/// The connect-time path: BPF programs lead a socket of this node to a backend when it connects, so that nothing stands between the two
/// afterwards. Sockets see the service's address as their peer.
/// </summary>
/// <remarks>
/// Only network namespaces that were added are served; all others, and services that are left out, take the loops. A connection costs no
/// user space at all. Changes cost a few microseconds for each element they touch and may come from any thread, one at a time.
/// </remarks>
public sealed class SocketLoadBalancer : IAsyncDisposable
{
    private const string HostNamespace = "/proc/self/ns/net";

    private readonly Lock _lock = new();
    private readonly Dictionary<string, ulong> _namespaces = [];
    private readonly Dictionary<ServicePortId, LeftToRelays> _left = [];
    private readonly SocketLoadBalancerOptions _options;
    private readonly string _cgroupPath;
    private readonly SocketMaps _maps;
    private readonly SocketPrograms _programs;
    private readonly SocketTable _table;
    private readonly SocketDestroyer _destroyer;
    private readonly FolderLock? _folder;
    private readonly FailureWatch _failures;
    private readonly ILogger _logger;
    private readonly PenaltyBox? _box;
    private readonly TimeProvider _time;
    private ITimer? _watch;
    private SocketLinks? _links;
    private bool _disposed;

    private SocketLoadBalancer(
        SocketLoadBalancerOptions options, string cgroupPath, FolderLock? folder, SocketMaps maps, SocketPrograms programs, PenaltyBox? box, ILogger logger, TimeProvider time)
    {
        _box = box;
        _options = options;
        _folder = folder;
        _cgroupPath = cgroupPath;
        _maps = maps;
        _programs = programs;
        _table = new SocketTable(maps, options, time);
        _destroyer = new SocketDestroyer(maps, NamespacePaths, logger, time);
        _failures = new FailureWatch(maps, _table, logger);
        _logger = logger;
        _time = time;
    }

    /// <summary>Starts it, or takes over from an earlier process, without a gap.</summary>
    /// <param name="options">How it runs.</param>
    /// <param name="logger">Where trouble is told.</param>
    /// <param name="whyNot">Why it can't run here, in one line; empty where it does.</param>
    /// <param name="box">
    /// Told of backends that do not take connections; who has it applies the entries anew whose availability has changed. Null: they are not looked for.
    /// </param>
    /// <param name="time">By which the grace of backends that are gone is told; null: the system's.</param>
    /// <returns>Null where the host does not allow it: then the loops have everything.</returns>
    public static SocketLoadBalancer? TryStart(SocketLoadBalancerOptions options, ILogger logger, out string whyNot, PenaltyBox? box = null, TimeProvider? time = null) =>
        TryStart(options, logger, out whyNot, out _, box, time);

    /// <param name="mayPass">
    /// It is another process's for now, or descriptors or memory are short, and it may be tried again; whatever else is in the way stays.
    /// </param>
    internal static SocketLoadBalancer? TryStart(SocketLoadBalancerOptions options, ILogger logger, out string whyNot, out bool mayPass, PenaltyBox? box, TimeProvider? time)
    {
        whyNot = "";
        mayPass = false;
        try
        {
            if (!OperatingSystem.IsLinux()) throw new NotSupportedException("BPF is Linux's");
            return Start(options, box, logger, time ?? TimeProvider.System);
        }
        catch (Exception exception) when (exception is Win32Exception or IOException or UnauthorizedAccessException or NotSupportedException)
        {
            logger.LogDebug(exception, "The connect-time path can't be used");
            whyNot = exception.Message.Split('\n')[0];
            mayPass = exception is FolderHeldException || Shortage.Is(exception);
            return null;
        }
    }

    /// <summary>Takes away all that <see cref="TryStart"/> made on the host: attachments first, then pins, and the mount where nothing of others is in it.</summary>
    /// <exception cref="Win32Exception">The kernel refused.</exception>
    public static void Remove(string pinPath)
    {
        if (!BpfFileSystem.IsMounted(pinPath)) return;
        var folder = SocketLoadBalancerOptions.FolderIn(pinPath);
        SocketLinks.Remove(folder);
        if (Directory.Exists(folder)) Directory.Delete(folder, recursive: true);
        BpfFileSystem.RemoveIfEmpty(pinPath);
    }

    /// <summary>Puts changes of the service table into effect for the next connections. Connected UDP sockets of backends that went are closed at once.</summary>
    public void Apply(IReadOnlyList<ServiceTableChange> changes)
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            foreach (var change in changes)
            {
                if (change.After is { } entry) SetLocked(entry);
                else RemoveLocked(change.Before!.Port.Id);
            }

            SettleLocked();
        }
    }

    /// <summary>
    /// Removes what an earlier process had put into the maps and this one has not: for the moment when the first whole table was applied.
    /// </summary>
    public void RemoveLeftovers()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            _table.RemoveLeftovers();
            SettleLocked();
            AttachLocked();
        }
    }

    /// <summary>Serves a network namespace, given by its file. The host's own is served from the start.</summary>
    /// <exception cref="Win32Exception">It is none, or can't be entered.</exception>
    public void AddNamespace(string path)
    {
        var cookie = NetNamespaces.Run(path, NetNamespaces.CurrentCookie);
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (_namespaces.TryGetValue(path, out var before) && before != cookie) _maps.Namespaces.Remove(before);
            // The host's own, by another name, keeps its flag.
            if (_namespaces[HostNamespace] != cookie) _maps.Namespaces.Set(cookie, NamespaceFlags.Pod);
            _namespaces[path] = cookie;
        }
    }

    /// <summary>Serves a namespace no more; it may be gone already.</summary>
    public void RemoveNamespace(string path)
    {
        lock (_lock)
        {
            if (_disposed || path == HostNamespace || !_namespaces.Remove(path, out var cookie)) return;
            if (!_namespaces.ContainsValue(cookie)) _maps.Namespaces.Remove(cookie);
        }
    }

    /// <summary>Stops serving namespaces that an earlier process served and this one was not told of.</summary>
    public void RemoveLeftoverNamespaces()
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            foreach (var (cookie, _) in _maps.Namespaces.ReadAll())
                if (!_namespaces.ContainsValue(cookie)) _maps.Namespaces.Remove(cookie);
        }
    }

    /// <summary>What of a service port is not on this path; null where all of it is, or it was never applied.</summary>
    public LeftToRelays? Left(ServicePortId id)
    {
        lock (_lock) return _left.TryGetValue(id, out var left) ? left : null;
    }

    /// <summary>Why nothing of a service port is on this path; null where some is, or it was never applied.</summary>
    public string? WhyNot(ServicePortId id) => Left(id) is { IsWhole: true } left ? left.Why : null;

    /// <summary>What was counted, a line a service port on this path.</summary>
    public IReadOnlyList<ServiceCounters> Counters()
    {
        lock (_lock) return _disposed ? [] : [.. _table.AllCounters()];
    }

    /// <summary>What was counted for one backend of a service port; zero where it is not on this path.</summary>
    public SocketCounters Counters(ServicePortId id, Backend backend)
    {
        lock (_lock)
        {
            return _disposed ? default : _table.Counters(id, backend);
        }
    }

    /// <summary>TCP connections that live of a pod that no service port has any more as a backend, by its uid: they are in no other count.</summary>
    public long GoneConnections(string uid)
    {
        lock (_lock) return _disposed ? 0 : _table.Backends.GoneConnections(StableHash.Of(uid));
    }

    /// <summary>Backends that get no new connections and have some that live.</summary>
    public IReadOnlyList<DrainingBackend> Draining()
    {
        lock (_lock) return _disposed ? [] : [.. _table.Backends.AllDraining()];
    }

    /// <summary>Ends when UDP sockets of the backends that went with the last changes are closed: until then they speak to whoever has the address.</summary>
    public Task Cut { get; private set; } = Task.CompletedTask;

    /// <summary>Resets the TCP connections of a backend that is gone, in every namespace, before its grace is over.</summary>
    /// <returns>How many connections were reset, those of others that were asked for at the same time included.</returns>
    public Task<int> CloseConnectionsAsync(DrainingBackend backend) => _destroyer.DestroyAsync(ServiceProtocol.Tcp, [(uint)backend.Identity]);

    /// <summary>Leaves everything to the next process where it is pinned; ends it otherwise.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_watch is { } watch) await watch.DisposeAsync();
        await _destroyer.DisposeAsync();
        lock (_lock)
        {
            if (_disposed) return;
            _disposed = true;
            _links?.Dispose();
            _programs.Dispose();
            _maps.Dispose();
            // Last: from here on another process may write.
            _folder?.Dispose();
        }
    }

    private static SocketLoadBalancer Start(SocketLoadBalancerOptions options, PenaltyBox? box, ILogger logger, TimeProvider time)
    {
        var cgroup = options.CgroupPath ?? CgroupMount.Find() ?? throw new NotSupportedException("no cgroup v2 hierarchy is mounted");
        var folder = Lock(options);
        SocketMaps? maps = null;
        SocketPrograms? programs = null;
        SocketLoadBalancer? balancer = null;
        try
        {
            maps = SocketMaps.OpenOrCreate(options);
            programs = SocketPrograms.Load(maps, options.UdpIdleTimeout);
            balancer = new SocketLoadBalancer(options, cgroup, folder, maps, programs, box, logger, time);
            balancer.Begin();
            return balancer;
        }
        catch
        {
            balancer?._destroyer.Stop();
            programs?.Dispose();
            maps?.Dispose();
            // Nothing works there: nothing is left there, an earlier process's programs least of all, which nobody would tell of changes.
            RemoveQuietly(options, logger);
            folder?.Dispose();
            throw;
        }
    }

    // Two processes that write the same maps would each undo what the other does.
    private static FolderLock? Lock(SocketLoadBalancerOptions options)
    {
        if (options.PinPath is not { } path) return null;
        BpfFileSystem.Ensure(path, () => options.Owned?.Invoke($"bpffs {path}"));
        var folder = Directory.CreateDirectory(options.PinFolder!).FullName;
        return FolderLock.TryTake(folder, options.LockPatience)
            ?? throw new FolderHeldException($"another process connects sockets by what is pinned in {folder}");
    }

    private static void RemoveQuietly(SocketLoadBalancerOptions options, ILogger logger)
    {
        if (options.PinPath is not { } pins) return;
        try
        {
            Remove(pins);
        }
        catch (Exception exception) when (exception is Win32Exception or IOException or UnauthorizedAccessException)
        {
            logger.LogError(exception, "What an earlier process left of the connect-time path can't be removed");
        }
    }

    private void Begin()
    {
        lock (_lock)
        {
            var host = NetNamespaces.CurrentCookie();
            _namespaces[HostNamespace] = host;
            _maps.Namespaces.Set(host, NamespaceFlags.Host);
            // With new maps beside programs that still work on old ones, those go on until the new maps are filled.
            if (_maps.TakenOver || !SocketLinks.ArePinned(_options.PinFolder)) AttachLocked();
        }

        // Not before it stands: where it does not come to that the maps are closed at once, and a look under way would end the process.
        _watch = _time.CreateTimer(_ => Watch(), null, _options.WatchPeriod, _options.WatchPeriod);
    }

    private void AttachLocked()
    {
        if (_links is not null) return;
        if (_options.PinFolder is { } folder) _maps.Pin(folder);
        _links = SocketLinks.Attach(_programs, _cgroupPath, _options.PinFolder);
    }

    private void SetLocked(ServiceEntry entry)
    {
        if (TrySetLocked(entry) is { } left) _left[entry.Port.Id] = left;
        else _left.Remove(entry.Port.Id);
    }

    // A service that does not fit is the loops'; it must not keep others from following.
    private LeftToRelays? TrySetLocked(ServiceEntry entry)
    {
        try
        {
            return _table.Set(entry);
        }
        catch (BpfException exception)
        {
            _table.Remove(entry.Port.Id);
            return new LeftToRelays(exception.Message, IsWhole: true);
        }
    }

    private void RemoveLocked(ServicePortId id)
    {
        _table.Remove(id);
        _left.Remove(id);
    }

    private void SettleLocked()
    {
        _table.Settle();
        var gone = _table.Backends.Gone;
        if (gone.Count == 0) return;
        var udp = gone.Where(backend => backend.Protocol == ServiceProtocol.Udp).Select(backend => backend.Identity).ToList();
        gone.Clear();
        if (udp.Count > 0) Cut = _destroyer.DestroyAsync(ServiceProtocol.Udp, udp);
    }

    // Backends that do not take connections, and the grace of those that are gone.
    private void Watch()
    {
        foreach (var (entry, backend, address) in Look()) _box!.Suspect(entry, backend, address);
    }

    // The box is told when the lock is let go: what it changes comes back here.
    private List<(ServiceEntry Entry, Backend Backend, IPEndPoint Address)> Look()
    {
        lock (_lock)
        {
            if (_disposed) return [];
            _table.Backends.FreeIdle();
            foreach (var protocol in (ReadOnlySpan<ServiceProtocol>)[ServiceProtocol.Tcp, ServiceProtocol.Udp])
                if (_table.Backends.TakeOverdue(protocol) is { Count: > 0 } overdue) _ = _destroyer.DestroyAsync(protocol, overdue);
            return _box is null ? [] : _failures.Look();
        }
    }

    private IReadOnlyList<string> NamespacePaths()
    {
        lock (_lock) return [.. _namespaces.DistinctBy(pair => pair.Value).Select(pair => pair.Key)];
    }
}

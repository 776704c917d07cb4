using System.ComponentModel;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Linux.Bpf;

namespace Cluster.Dataplane.SocketLb;

/// <summary>The maps of the connect-time path. Whoever changes a layout changes <see cref="Layout"/> with it.</summary>
internal sealed class SocketMaps : IDisposable
{
    /// <summary>The version of all layouts together, in the folder's name: another version's maps are never taken for ours.</summary>
    private const int Layout = 3;

    private readonly List<(string Name, BpfMap Map)> _all = [];

    private SocketMaps(SocketLoadBalancerOptions options, string? folder)
    {
        using var opening = new Opening();
        opening.Add(this);
        var lru = new BpfMapOptions("", BpfMapType.LruHash, options.MaxFlows);
        Namespaces = Hash<ulong, uint>("namespaces", new("", BpfMapType.Hash, 16_384) { Lazy = true }, folder);
        Frontends = Hash<FrontendKey, FrontendValue>("frontends", new("", BpfMapType.Hash, options.MaxFrontends) { Lazy = true }, folder);
        Services = Array<ServiceRecord>("services", options.MaxServices, folder);
        Backends = Array<BackendRecord>("backends", options.MaxBackends, folder);
        Traffic = Array<TrafficRecord>("traffic", options.MaxBackends, folder);
        Slots = Array<ulong>("slots", options.MaxSlots, folder);
        Affinity = Hash<FlowKey, FlowValue>("affinity", lru, folder);
        Flows = Hash<FlowKey, FlowValue>("flows", lru, folder);
        Replies = Hash<ReplyKey, ReplyValue>("replies", lru, folder);
        Connected = Hash<ulong, uint>("connected", lru, folder);
        Sockets = Add("sockets", folder is null
            ? BpfMap<int, SocketRecord>.CreateSocketStorage("cl_sockets")
            : BpfMap<int, SocketRecord>.Open(Path.Combine(folder, "sockets"), new("", BpfMapType.SocketStorage, 0) { Lazy = true }));
        opening.Keep();
    }

    /// <summary>Cookies of the network namespaces that are served, and whether one is the host's own.</summary>
    public BpfMap<ulong, uint> Namespaces { get; }

    public BpfMap<FrontendKey, FrontendValue> Frontends { get; }

    public BpfArray<ServiceRecord> Services { get; }

    public BpfArray<BackendRecord> Backends { get; }

    /// <summary>What moved to each backend and back, by the index of its record: apart from what each connection reads.</summary>
    public BpfArray<TrafficRecord> Traffic { get; }

    /// <summary>Lists of backends (<see cref="ListReference"/>); the first slots hold the last identity given and the number of failures.</summary>
    public BpfArray<ulong> Slots { get; }

    public BpfMap<FlowKey, FlowValue> Affinity { get; }

    public BpfMap<FlowKey, FlowValue> Flows { get; }

    public BpfMap<ReplyKey, ReplyValue> Replies { get; }

    /// <summary>Cookies of connected UDP sockets and the identity of each one's backend: the kernel lists UDP sockets without their storage.</summary>
    public BpfMap<ulong, uint> Connected { get; }

    public BpfMap<int, SocketRecord> Sockets { get; }

    /// <summary>True where the maps are those of an earlier process.</summary>
    public bool TakenOver { get; private init; }

    /// <summary>Takes over what is pinned, whole or not at all, or makes new maps; those are not pinned yet.</summary>
    /// <exception cref="Win32Exception">The kernel refused.</exception>
    public static SocketMaps OpenOrCreate(SocketLoadBalancerOptions options)
    {
        if (options.PinFolder is { } path && Directory.Exists(FolderIn(path)))
        {
            try
            {
                return new SocketMaps(options, FolderIn(path)) { TakenOver = true };
            }
            catch (MissingMapException)
            {
                // Of other sizes, or half made when a process was killed: new ones are made beside, and these removed.
            }
        }

        return new SocketMaps(options, null);
    }

    /// <summary>Pins new maps in place of whatever is there.</summary>
    public void Pin(string path)
    {
        if (TakenOver) return;
        Directory.CreateDirectory(path);
        foreach (var old in Directory.GetDirectories(path, "maps-*")) Directory.Delete(old, recursive: true);
        var folder = Directory.CreateDirectory(FolderIn(path)).FullName;
        foreach (var (name, map) in _all) map.Pin(Path.Combine(folder, name));
    }

    public void Dispose()
    {
        foreach (var (_, map) in _all) map.Dispose();
    }

    private static string FolderIn(string path) => Path.Combine(path, $"maps-{Layout}");

    private BpfMap<TKey, TValue> Hash<TKey, TValue>(string name, BpfMapOptions options, string? folder)
        where TKey : unmanaged
        where TValue : unmanaged =>
        Add(name, folder is null
            ? BpfMap<TKey, TValue>.Create(options with { Name = "cl_" + name })
            : BpfMap<TKey, TValue>.Open(Path.Combine(folder, name), options));

    private BpfArray<T> Array<T>(string name, int length, string? folder)
        where T : unmanaged =>
        Add(name, folder is null ? BpfArray<T>.Create("cl_" + name, length) : BpfArray<T>.Open(Path.Combine(folder, name), length));

    private T Add<T>(string name, T? map)
        where T : BpfMap
    {
        if (map is null) throw new MissingMapException();
        _all.Add((name, map));
        return map;
    }

    private sealed class MissingMapException : Exception;
}

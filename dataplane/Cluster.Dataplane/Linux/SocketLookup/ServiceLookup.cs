using System.ComponentModel;
using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Linux.Bpf;

namespace Cluster.Dataplane.Linux.SocketLookup;

/// <summary>
/// Decides, in this network namespace, which socket packets to virtual addresses reach: service ports alone, by a few sockets for all of
/// them. A host's listener on 0.0.0.0 is neither reached by a virtual address nor in the way of a service.
/// </summary>
/// <remarks>
/// The link is pinned: while no proxy runs, nothing of the ranges answers, instead of whatever listens on all addresses. The next process
/// puts its own program in place of the old one. A change of a place is one system call. Used by the data plane's loop.
/// </remarks>
internal sealed class ServiceLookup : ISocketSteering, IDisposable
{
    private const string PinName = "lookup";

    /// <summary>About 80 bytes each, as they are used.</summary>
    private const int MaxPlaces = 131_072;

    private const int MaxRanges = 65_536;

    private readonly BpfMap<RangeKey, uint> _ranges;
    private readonly BpfMap<LookupKey, uint> _places;
    private readonly BpfArray<LookupTurns> _turns;
    private readonly BpfMap<uint, uint> _listeners;
    private readonly BpfProgram _program;
    private readonly HashSet<IPNetwork> _covered = [];
    private readonly HashSet<Place> _steered = [];
    private readonly string _pin;
    private BpfLink? _link;
    private bool _isLeft;

    private ServiceLookup(string folder, IEnumerable<IPNetwork> ranges, bool attach)
    {
        _pin = Path.Combine(folder, PinName);
        var made = new List<IDisposable>();
        try
        {
            made.Add(_ranges = BpfMap<RangeKey, uint>.Create(new BpfMapOptions("cluster_ranges", BpfMapType.LpmTrie, MaxRanges) { Lazy = true }));
            made.Add(_places = BpfMap<LookupKey, uint>.Create(new BpfMapOptions("cluster_places", BpfMapType.Hash, MaxPlaces) { Lazy = true }));
            made.Add(_turns = BpfArray<LookupTurns>.Create("cluster_turns", 2));
            made.Add(_listeners = BpfMap<uint, uint>.Create(new BpfMapOptions("cluster_listen", BpfMapType.SockMap, LookupProgram.Receivers + 2)));
            made.Add(_program = LookupProgram.Load(_ranges, _places, _turns, _listeners));
            // Before it is attached: it takes the place of one that refuses there already.
            ChangeRanges(ranges, []);
            if (attach) Attach();
        }
        catch
        {
            foreach (var map in made) map.Dispose();
            throw;
        }
    }

    /// <summary>Loads and attaches, in place of what an earlier process left; nothing of the ranges answers yet.</summary>
    /// <param name="folder">A BPF file system is mounted there.</param>
    /// <param name="beforeMount">Told before it is.</param>
    /// <param name="ranges">The virtual addresses.</param>
    /// <param name="attach">False: loads alone, for another process serves still; see <see cref="Attach()"/>.</param>
    /// <exception cref="Win32Exception">Not permitted, or the kernel has it not.</exception>
    public static ServiceLookup Start(string folder, Action? beforeMount, IEnumerable<IPNetwork> ranges, bool attach = true)
    {
        BpfFileSystem.Ensure(folder, beforeMount);
        return new ServiceLookup(folder, ranges, attach);
    }

    /// <summary>Attaches, in place of what another process has there.</summary>
    /// <exception cref="Win32Exception">The kernel refused.</exception>
    public void Attach() => _link ??= TakeLink();

    /// <summary>Another process's program is in place of ours, or will be in a moment: until then ours goes on, with all it knows.</summary>
    public void LetGo() => _isLeft = true;

    /// <summary>Detaches what any process left in the folder, and unmounts it where nothing else is pinned there.</summary>
    public static void Remove(string folder)
    {
        if (!BpfFileSystem.IsMounted(folder)) return;
        var pin = Path.Combine(folder, PinName);
        if (File.Exists(pin))
        {
            using (var link = BpfLink.Open(pin)) link?.Detach();
            File.Delete(pin);
        }

        BpfFileSystem.RemoveIfEmpty(folder);
    }

    public void ChangeRanges(IEnumerable<IPNetwork> added, IEnumerable<IPNetwork> removed)
    {
        foreach (var range in removed)
            if (_covered.Remove(range)) _ranges.Remove(RangeKey.Of(range));
        foreach (var range in added)
        {
            if (_covered.Contains(range)) continue;
            _ranges.Set(RangeKey.Of(range), 1);
            _covered.Add(range);
        }
    }

    public void Allow(IEnumerable<Place> added, IEnumerable<Place> removed)
    {
        foreach (var place in removed) _places.Remove(LookupKey.Of(place));
        foreach (var place in added)
            _places.Set(LookupKey.Of(place), (uint)(_steered.Contains(place) ? LookupAction.Shared : LookupAction.OwnSocket));
    }

    /// <summary>False where someone has detached the program; then it is attached again.</summary>
    public bool Verify()
    {
        if (_link is not null && IsHere(_link)) return true;
        _link?.Dispose();
        // Where the kernel refuses now, the next look must not ask a link that is closed.
        _link = null;
        _link = TakeLink();
        return false;
    }

    public bool Covers(IPAddress address) => _covered.Contains(new IPNetwork(address, address.GetAddressBytes().Length * 8)) || _covered.Any(range => range.Contains(address));

    public void SetListeners(AddressFamily family, IReadOnlyList<int> descriptors)
    {
        var first = family == AddressFamily.InterNetworkV6 ? LookupProgram.MaxListeners : 0;
        var count = Math.Min(descriptors.Count, LookupProgram.MaxListeners);
        for (var i = 0; i < count; i++) _listeners.Set((uint)(first + i), (uint)descriptors[i]);
        Volatile.Write(ref _turns[family == AddressFamily.InterNetworkV6 ? 1 : 0].Listeners, (ulong)count);
    }

    public void SetReceiver(AddressFamily family, int descriptor) =>
        _listeners.Set((uint)(LookupProgram.Receivers + (family == AddressFamily.InterNetworkV6 ? 1 : 0)), (uint)descriptor);

    public void Add(Place place) => _steered.Add(place);

    public void Remove(Place place) => _steered.Remove(place);

    /// <summary>Lets go; the pinned link goes on refusing.</summary>
    public void Dispose()
    {
        // Sockets of their own are gone with their process, and what listens on all addresses must not take their place.
        if (!_isLeft)
            foreach (var place in _places.ReadAll()) _places.Remove(place.Key);
        _link?.Dispose();
        _program.Dispose();
        _listeners.Dispose();
        _turns.Dispose();
        _places.Dispose();
        _ranges.Dispose();
    }

    private BpfLink TakeLink()
    {
        if (BpfLink.Open(_pin) is { } left)
        {
            if (IsHere(left))
            {
                left.Replace(_program);
                return left;
            }

            using (left)
            {
                if (left.NetNamespaceInode != 0) throw new IOException($"{_pin} is what a proxy in another network namespace selects sockets by; each needs a folder of its own");
            }

            // Of a namespace that is gone, or detached: of no use.
            File.Delete(_pin);
        }

        using var here = OpenNamespace();
        var link = BpfLink.Attach(_program, here, BpfAttachType.SocketLookup);
        try
        {
            link.Pin(_pin);
            return link;
        }
        catch
        {
            link.Dispose();
            throw;
        }
    }

    private static bool IsHere(BpfLink link) => NetNamespaces.CurrentInode() is var inode && inode != 0 && link.NetNamespaceInode == inode;

    private static Microsoft.Win32.SafeHandles.SafeFileHandle OpenNamespace() => File.OpenHandle(NetNamespaces.CurrentPath);
}

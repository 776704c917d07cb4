namespace Cluster.Dataplane.Linux.Bpf;

/// <summary>A map's elements, as this process sees them. One system call each; no allocation for single elements. Any thread.</summary>
/// <remarks>Keys and values must have no padding that is not zero: the kernel compares and copies bytes.</remarks>
internal sealed unsafe class BpfMap<TKey, TValue> : BpfMap
    where TKey : unmanaged
    where TValue : unmanaged
{
    private BpfMap(int descriptor)
        : base(descriptor)
    {
    }

    /// <exception cref="BpfException">The kernel refused.</exception>
    public static BpfMap<TKey, TValue> Create(in BpfMapOptions options) => new(CreateMap(options, sizeof(TKey), sizeof(TValue)));

    /// <summary>A value beside each socket; the key is a socket's descriptor.</summary>
    /// <exception cref="BpfException">The kernel refused.</exception>
    public static BpfMap<TKey, TValue> CreateSocketStorage(string name)
    {
        using var types = BtfTypes.ForSocketStorage(sizeof(TValue));
        return new(CreateMap(new BpfMapOptions(name, BpfMapType.SocketStorage, 0) { Lazy = true }, sizeof(TKey), sizeof(TValue), types));
    }

    /// <summary>The map pinned at a path; null where there is none, or one of another type or size.</summary>
    public static BpfMap<TKey, TValue>? Open(string path, in BpfMapOptions options) =>
        OpenPinned(path, options, sizeof(TKey), sizeof(TValue)) is var descriptor and >= 0 ? new(descriptor) : null;

    public bool TryGet(in TKey key, out TValue value)
    {
        value = default;
        fixed (TKey* k = &key)
        fixed (TValue* v = &value)
        {
            var attribute = Element(k, v);
            if (BpfSystem.Try(BpfCommand.BPF_MAP_LOOKUP_ELEM, ref attribute, out var error) >= 0) return true;
            return error == Errno.ENOENT ? false : throw new BpfException(error, $"{BpfCommand.BPF_MAP_LOOKUP_ELEM}");
        }
    }

    /// <summary>Adds or replaces.</summary>
    /// <exception cref="BpfException">The map is full (E2BIG), among others.</exception>
    public void Set(in TKey key, in TValue value)
    {
        fixed (TKey* k = &key)
        fixed (TValue* v = &value)
        {
            var attribute = Element(k, v);
            BpfSystem.Call(BpfCommand.BPF_MAP_UPDATE_ELEM, ref attribute);
        }
    }

    /// <summary>False where there was none.</summary>
    public bool Remove(in TKey key)
    {
        fixed (TKey* k = &key)
        {
            var attribute = Element(k, null);
            if (BpfSystem.Try(BpfCommand.BPF_MAP_DELETE_ELEM, ref attribute, out var error) >= 0) return true;
            return error == Errno.ENOENT ? false : throw new BpfException(error, $"{BpfCommand.BPF_MAP_DELETE_ELEM}");
        }
    }

    /// <summary>All elements. What programs change meanwhile may be missing or appear.</summary>
    public List<KeyValuePair<TKey, TValue>> ReadAll()
    {
        var found = new List<KeyValuePair<TKey, TValue>>();
        TKey key = default;
        for (var any = TryNext(null, &key); any; any = TryNext(&key, &key))
            if (TryGet(key, out var value)) found.Add(new(key, value));
        return found;
    }

    // A key that has gone meanwhile makes the kernel begin again: only elements that programs don't remove are read this way.
    private bool TryNext(TKey* after, TKey* next)
    {
        var attribute = new ElementAttribute { Map = (uint)Descriptor, Key = (ulong)after, Value = (ulong)next };
        if (BpfSystem.Try(BpfCommand.BPF_MAP_GET_NEXT_KEY, ref attribute, out var error) >= 0) return true;
        return error == Errno.ENOENT ? false : throw new BpfException(error, $"{BpfCommand.BPF_MAP_GET_NEXT_KEY}");
    }

    private ElementAttribute Element(TKey* key, TValue* value) => new() { Map = (uint)Descriptor, Key = (ulong)key, Value = (ulong)value };
}

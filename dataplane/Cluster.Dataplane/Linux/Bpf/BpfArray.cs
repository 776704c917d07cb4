namespace Cluster.Dataplane.Linux.Bpf;

/// <summary>
/// An array map that this process sees as memory: reading and writing an element is no system call, and programs see it at once.
/// Elements have a multiple of 8 bytes. One writer an element; words that programs read meanwhile are written whole, by Volatile.
/// </summary>
/// <remarks>Parts of it are mapped as they are first used, for the kernel counts what is mapped as this process's memory. Any thread.</remarks>
internal sealed unsafe class BpfArray<T> : BpfMap
    where T : unmanaged
{
    /// <summary>Elements mapped at once: whole pages, of 64 kB too, whatever the size of an element.</summary>
    internal const int PartLength = 8192;

    private readonly nint[] _parts;
    private readonly Lock _mapping = new();

    private BpfArray(int descriptor, int length)
        : base(descriptor)
    {
        if (sizeof(T) % 8 != 0) throw new ArgumentException($"{typeof(T)} must have a multiple of 8 bytes");
        Length = length;
        _parts = new nint[(length + PartLength - 1) / PartLength];
        try
        {
            // What can't be mapped at all is found out at once.
            MapPart(0);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public int Length { get; }

    /// <summary>The element in the kernel's memory. Not to be used after disposal.</summary>
    /// <exception cref="System.ComponentModel.Win32Exception">Its part could not be mapped.</exception>
    public ref T this[int index]
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Length);
            var part = Volatile.Read(ref _parts[index / PartLength]);
            if (part == 0) part = MapPart(index / PartLength);
            return ref ((T*)part)[index % PartLength];
        }
    }

    /// <summary>Parts that have been used.</summary>
    internal int MappedParts => _parts.Count(static part => part != 0);

    /// <exception cref="BpfException">The kernel refused.</exception>
    public static BpfArray<T> Create(string name, int length) => new(CreateMap(Options(name, length), sizeof(uint), sizeof(T)), length);

    /// <summary>The array pinned at a path; null where there is none, or one of another size.</summary>
    public static BpfArray<T>? Open(string path, int length) =>
        OpenPinned(path, Options("", length), sizeof(uint), sizeof(T)) is var descriptor and >= 0 ? new(descriptor, length) : null;

    protected override bool ReleaseHandle()
    {
        for (var i = 0; i < _parts.Length; i++)
            if (_parts[i] != 0) SharedMemory.Unmap(_parts[i], BytesOf(i));
        return base.ReleaseHandle();
    }

    private nint MapPart(int part)
    {
        lock (_mapping)
        {
            if (_parts[part] != 0) return _parts[part];
            var mapped = SharedMemory.Map(handle.ToInt32(), BytesOf(part), (nint)part * PartLength * sizeof(T));
            Touch(part);
            Volatile.Write(ref _parts[part], mapped);
            return mapped;
        }
    }

    // Programs use the kernel's own mapping of it. Where the processor is a virtual machine's whose page tables another keeps, the first use of each page
    // costs some microseconds, which the first client of a service would wait for (perf/results): the kernel reads one element of each page before.
    private void Touch(int part)
    {
        var value = default(T);
        int first = part * PartLength, end = Math.Min(Length, first + PartLength), step = Math.Max(1, Environment.SystemPageSize / sizeof(T));
        for (uint key = (uint)first; key < end; key += (uint)step)
        {
            var attribute = new ElementAttribute { Map = (uint)Descriptor, Key = (ulong)&key, Value = (ulong)&value };
            // What it answers is no matter.
            _ = BpfSystem.Try(BpfCommand.BPF_MAP_LOOKUP_ELEM, ref attribute, out _);
        }
    }

    // The last part ends with the map's last page.
    private nint BytesOf(int part)
    {
        nint bytes = (nint)Math.Min(PartLength, Length - part * PartLength) * sizeof(T), page = Environment.SystemPageSize;
        return (bytes + page - 1) / page * page;
    }

    private static BpfMapOptions Options(string name, int length) => new(name, BpfMapType.Array, length) { Mapped = true };
}

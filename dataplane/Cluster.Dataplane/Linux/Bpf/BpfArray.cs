namespace Cluster.Dataplane.Linux.Bpf;

/// <summary>
/// An array map that this process sees as memory: reading and writing an element is no system call, and programs see it at once.
/// Elements have a multiple of 8 bytes. One writer an element; words that programs read meanwhile are written whole, by Volatile.
/// </summary>
internal sealed unsafe class BpfArray<T> : BpfMap
    where T : unmanaged
{
    private readonly T* _elements;
    private readonly nint _bytes;

    private BpfArray(int descriptor, int length)
        : base(descriptor)
    {
        if (sizeof(T) % 8 != 0) throw new ArgumentException($"{typeof(T)} must have a multiple of 8 bytes");
        Length = length;
        var page = Environment.SystemPageSize;
        _bytes = (nint)(((((long)length * sizeof(T)) + page - 1) / page) * page);
        try
        {
            _elements = (T*)SharedMemory.Map(descriptor, _bytes);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public int Length { get; }

    /// <summary>The element in the kernel's memory. Not to be used after disposal.</summary>
    public ref T this[int index]
    {
        get
        {
            ObjectDisposedException.ThrowIf(IsClosed, this);
            ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual((uint)index, (uint)Length);
            return ref _elements[index];
        }
    }

    /// <exception cref="BpfException">The kernel refused.</exception>
    public static BpfArray<T> Create(string name, int length) => new(CreateMap(Options(name, length), sizeof(uint), sizeof(T)), length);

    /// <summary>The array pinned at a path; null where there is none, or one of another size.</summary>
    public static BpfArray<T>? Open(string path, int length) =>
        OpenPinned(path, Options("", length), sizeof(uint), sizeof(T)) is var descriptor and >= 0 ? new(descriptor, length) : null;

    protected override bool ReleaseHandle()
    {
        if (_elements != null) SharedMemory.Unmap((nint)_elements, _bytes);
        return base.ReleaseHandle();
    }

    private static BpfMapOptions Options(string name, int length) => new(name, BpfMapType.Array, length) { Mapped = true };
}

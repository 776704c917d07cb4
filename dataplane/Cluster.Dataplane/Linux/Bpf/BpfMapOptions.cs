namespace Cluster.Dataplane.Linux.Bpf;

/// <summary>What a map is made as.</summary>
/// <param name="Name">At most 15 letters, digits or underscores; shown by tools.</param>
/// <param name="Entries">The most it holds. Arrays, LRU hashes and hashes with room prepared take the memory at once; zero for socket storage.</param>
internal readonly record struct BpfMapOptions(string Name, BpfMapType Type, int Entries)
{
    public const uint BPF_F_NO_PREALLOC = 1;
    public const uint BPF_F_MMAPABLE = 1 << 10;

    /// <summary>A hash that takes memory as it fills.</summary>
    public bool Lazy { get; init; }

    /// <summary>An array that user space reads and writes as memory (see <see cref="BpfArray{T}"/>).</summary>
    public bool Mapped { get; init; }

    internal uint Flags => (Lazy ? BPF_F_NO_PREALLOC : 0) | (Mapped ? BPF_F_MMAPABLE : 0);
}

using System.Runtime.InteropServices;

namespace Cluster.Dataplane.Linux.Uring;

/// <summary><c>struct io_uring_params</c>: what is asked of a new ring, and where the kernel has put its parts.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RingSetup
{
    public uint SqEntries;
    public uint CqEntries;
    public uint Flags;
    public uint SqThreadCpu;
    public uint SqThreadIdle;
    public uint Features;
    public uint WqFd;
    public uint Reserved0;
    public uint Reserved1;
    public uint Reserved2;
    public RingOffsets Sq;
    public RingOffsets Cq;
}

/// <summary><c>struct io_sqring_offsets</c> and <c>struct io_cqring_offsets</c>: alike but for what stands at the sixth and seventh place.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RingOffsets
{
    public uint Head;
    public uint Tail;
    public uint Mask;
    public uint Entries;

    /// <summary>Of the submission ring: its flags.</summary>
    public uint FlagsOrOverflow;

    /// <summary>Of the submission ring: how many were invalid. Of the completion ring: the entries.</summary>
    public uint DroppedOrCqes;

    /// <summary>Of the submission ring: the indices of entries. Of the completion ring: its flags.</summary>
    public uint ArrayOrFlags;
    public uint Reserved;
    public ulong UserAddress;
}

using System.Runtime.InteropServices;

namespace Cluster.Dataplane.Linux;

/// <summary>struct mmsghdr of a 64-bit system: a struct msghdr and the length that was received or sent.</summary>
[StructLayout(LayoutKind.Explicit, Size = 64)]
internal unsafe struct MultiMessage
{
    [FieldOffset(0)]
    public byte* Name;

    [FieldOffset(8)]
    public uint NameLength;

    [FieldOffset(16)]
    public IoVector* Vectors;

    [FieldOffset(24)]
    public nuint VectorCount;

    [FieldOffset(32)]
    public byte* Control;

    [FieldOffset(40)]
    public nuint ControlLength;

    [FieldOffset(48)]
    public int Flags;

    [FieldOffset(56)]
    public uint Length;
}

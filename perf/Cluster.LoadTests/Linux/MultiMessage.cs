using System.Runtime.InteropServices;

namespace Cluster.LoadTests.Linux;

/// <summary>struct mmsghdr of 64-bit systems.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct MultiMessage
{
    public void* Name;
    public uint NameLength;
    public IoVector* Vectors;
    public nint VectorCount;
    public void* Control;
    public nint ControlLength;
    // An int, and the padding at the end of struct msghdr.
    public nint Flags;
    public uint Length;
}

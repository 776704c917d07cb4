using System.Runtime.InteropServices;

namespace Cluster.Dataplane.Linux;

/// <summary>A pipe through which splice(2) moves the pages of one socket's receive queue to another's send queue, without a copy. Two descriptors.</summary>
/// <remarks>Used by one thread. Failures are -1 with the error in <see cref="SocketCalls.Error"/>.</remarks>
internal sealed partial class SplicePipe : IDisposable
{
    private const int F_SETPIPE_SZ = 1031;
    private const int O_NONBLOCK = 0x800;
    private const int O_CLOEXEC = 0x80000;
    private const uint SPLICE_F_MOVE = 1;
    private const uint SPLICE_F_NONBLOCK = 2;

    /// <summary>In bytes; what a pipe has room for is less most often.</summary>
    private const int MostAtOnce = 1024 * 1024;

    private readonly int _readEnd;
    private readonly int _writeEnd;

    private SplicePipe(int readEnd, int writeEnd)
    {
        _readEnd = readEnd;
        _writeEnd = writeEnd;
    }

    /// <summary>Bytes in the pipe.</summary>
    public int Held { get; private set; }

    /// <summary>Makes a pipe; null where descriptors or memory are out.</summary>
    /// <param name="size">Bytes it should hold; where the kernel does not allow as many it keeps its own 64 kB.</param>
    public static SplicePipe? TryCreate(int size)
    {
        Span<int> ends = stackalloc int[2];
        if (pipe2(ref MemoryMarshal.GetReference(ends), O_NONBLOCK | O_CLOEXEC) != 0) return null;
        _ = fcntl(ends[1], F_SETPIPE_SZ, size);
        return new SplicePipe(ends[0], ends[1]);
    }

    /// <summary>Takes from a socket what it has, as far as the pipe has room; 0: its end. Only while the pipe is empty does EAGAIN speak of the socket.</summary>
    public nint Fill(int source)
    {
        nint moved = splice(source, 0, _writeEnd, 0, MostAtOnce, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        if (moved > 0) Held += (int)moved;
        return moved;
    }

    /// <summary>Gives a socket what the pipe holds, as far as it takes it at once.</summary>
    public nint Drain(int target)
    {
        nint moved = splice(_readEnd, 0, target, 0, Held, SPLICE_F_MOVE | SPLICE_F_NONBLOCK);
        if (moved > 0) Held -= (int)moved;
        return moved;
    }

    public void Dispose()
    {
        SocketCalls.Close(_readEnd);
        SocketCalls.Close(_writeEnd);
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int pipe2(ref int ends, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fcntl(int descriptor, int command, int argument);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint splice(int from, nint fromOffset, int to, nint toOffset, nint length, uint flags);
}

using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Cluster.Dataplane.Linux;

/// <summary>A counter in the kernel by which any thread wakes a loop.</summary>
internal sealed partial class EventFd : IDisposable
{
    private const int EFD_NONBLOCK = 0x800;
    private const int EFD_CLOEXEC = 0x80000;

    public EventFd()
    {
        Descriptor = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
        if (Descriptor < 0) throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    public int Descriptor { get; }

    public void Signal()
    {
        ulong one = 1;
        // The counter can only be full when 2^64 - 2 signals wait: the loop is about to wake anyway.
        _ = write(Descriptor, ref one, sizeof(ulong));
    }

    public void Clear()
    {
        ulong count = 0;
        _ = read(Descriptor, ref count, sizeof(ulong));
    }

    public void Dispose() => SocketCalls.Close(Descriptor);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int eventfd(uint initial, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint write(int descriptor, ref ulong value, nint length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint read(int descriptor, ref ulong value, nint length);
}

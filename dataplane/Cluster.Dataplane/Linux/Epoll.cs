using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Cluster.Dataplane.Linux;

/// <summary>An epoll instance and the buffer its events are read into. Used by one thread, its loop's.</summary>
internal sealed partial class Epoll : IDisposable
{
    public const uint EPOLLIN = 0x1;
    public const uint EPOLLPRI = 0x2;
    public const uint EPOLLOUT = 0x4;
    public const uint EPOLLERR = 0x8;
    public const uint EPOLLHUP = 0x10;
    public const uint EPOLLRDHUP = 0x2000;
    public const uint EPOLLET = 1u << 31;

    private const int EPOLL_CLOEXEC = 0x80000;
    private const int EPOLL_CTL_ADD = 1;
    private const int EPOLL_CTL_DEL = 2;

    // struct epoll_event is packed on x86-64 alone: the data starts at byte 4 there, at byte 8 elsewhere.
    private static readonly int DataOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 4 : 8;
    private static readonly int EventSize = DataOffset + sizeof(ulong);

    private readonly int _descriptor;
    private readonly byte[] _events;
    private readonly byte[] _control = new byte[16];

    /// <param name="capacity">Events taken by one wait at most.</param>
    public Epoll(int capacity)
    {
        _events = new byte[capacity * EventSize];
        _descriptor = epoll_create1(EPOLL_CLOEXEC);
        if (_descriptor < 0) throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    /// <summary>Watches a descriptor; false with the error in <see cref="Marshal.GetLastPInvokeError"/>.</summary>
    public bool Add(int descriptor, uint interest, ulong data)
    {
        MemoryMarshal.Write(_control, interest);
        MemoryMarshal.Write(_control.AsSpan(DataOffset), data);
        return epoll_ctl(_descriptor, EPOLL_CTL_ADD, descriptor, ref MemoryMarshal.GetArrayDataReference(_control)) == 0;
    }

    public void Remove(int descriptor) => _ = epoll_ctl(_descriptor, EPOLL_CTL_DEL, descriptor, ref MemoryMarshal.GetArrayDataReference(_control));

    /// <summary>Waits for events; returns how many <see cref="this[int]"/> holds. An interruption counts as none.</summary>
    public int Wait(int timeoutMs)
    {
        int count = epoll_wait(_descriptor, ref MemoryMarshal.GetArrayDataReference(_events), _events.Length / EventSize, timeoutMs);
        if (count >= 0) return count;
        int error = Marshal.GetLastPInvokeError();
        return error == Errno.EINTR ? 0 : throw new Win32Exception(error);
    }

    public (uint Events, ulong Data) this[int index]
    {
        get
        {
            ReadOnlySpan<byte> bytes = _events.AsSpan(index * EventSize, EventSize);
            return (MemoryMarshal.Read<uint>(bytes), MemoryMarshal.Read<ulong>(bytes[DataOffset..]));
        }
    }

    public void Dispose() => SocketCalls.Close(_descriptor);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_create1(int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_ctl(int epoll, int operation, int descriptor, ref byte epollEvent);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int epoll_wait(int epoll, ref byte events, int maxEvents, int timeoutMs);
}

using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Cluster.Dataplane.Linux.Uring;

/// <summary>An io_uring with provided buffers, by raw system calls. Made and used by one thread, its loop's.</summary>
/// <remarks>
/// Operations are queued and go to the kernel together by <see cref="Submit"/>; work the kernel has to do for the ring is done then too,
/// never at another moment (deferred task run). Nothing is allocated after the start. Needs Linux 6.1.
/// </remarks>
internal sealed unsafe partial class IoUring : IDisposable
{
    private const int SYS_io_uring_setup = 425;
    private const int SYS_io_uring_enter = 426;
    private const int SYS_io_uring_register = 427;

    private const uint IORING_SETUP_CQSIZE = 1 << 3;
    private const uint IORING_SETUP_SUBMIT_ALL = 1 << 7;
    private const uint IORING_SETUP_TASKRUN_FLAG = 1 << 9;
    private const uint IORING_SETUP_SINGLE_ISSUER = 1 << 12;
    private const uint IORING_SETUP_DEFER_TASKRUN = 1 << 13;
    private const uint IORING_FEAT_SINGLE_MMAP = 1;
    private const uint IORING_FEAT_NODROP = 1 << 1;
    private const uint IORING_SQ_CQ_OVERFLOW = 1 << 1;
    private const uint IORING_SQ_TASKRUN = 1 << 2;
    private const uint IORING_CQ_EVENTFD_DISABLED = 1;
    private const uint IORING_ENTER_GETEVENTS = 1;
    private const uint IORING_ENTER_REGISTERED_RING = 1 << 4;
    private const uint IORING_REGISTER_EVENTFD = 4;
    private const uint IORING_REGISTER_RING_FDS = 20;
    private const uint IORING_REGISTER_PBUF_RING = 22;
    private const long IORING_OFF_SQES = 0x10000000;
    private const byte IORING_OP_ASYNC_CANCEL = 14;
    private const byte IORING_OP_SEND = 26;
    private const byte IORING_OP_RECV = 27;
    private const ushort IORING_RECV_MULTISHOT = 2;
    private const byte IOSQE_BUFFER_SELECT = 1 << 5;
    private const byte IOSQE_CQE_SKIP_SUCCESS = 1 << 6;
    private const uint MSG_DONTWAIT = 0x40;
    private const uint MSG_WAITALL = 0x100;
    private const uint MSG_NOSIGNAL = 0x4000;
    private const int PROT_READ_WRITE = 3;
    private const int MAP_SHARED = 1;
    private const int MAP_PRIVATE = 2;
    private const int MAP_ANONYMOUS = 0x20;
    private const int MAP_POPULATE = 0x8000;
    private const int SqeSize = 64;
    private const int CqeSize = 16;
    private const int BufferEntrySize = 16;
    private const int BufferTailOffset = 14;

    private readonly int _descriptor;
    private readonly EventFd _signal = new();
    private readonly int _bufferCount;
    private readonly int _bufferSize;
    private readonly byte* _rings;
    private readonly nuint _ringsSize;
    private readonly byte* _sqes;
    private readonly nuint _sqesSize;
    private readonly byte* _bufferRing;
    private readonly byte* _buffers;
    private readonly uint* _sqHead;
    private readonly uint* _sqTail;
    private readonly uint _sqMask;
    private readonly uint _sqEntries;
    private readonly uint* _sqFlags;
    private readonly uint* _cqFlags;
    private readonly uint* _cqHead;
    private readonly uint* _cqTail;
    private readonly uint _cqMask;
    private readonly byte* _cqes;
    private int _enterDescriptor;
    private uint _enterFlags = IORING_ENTER_GETEVENTS;
    private uint _queuedTail;
    private uint _submittedTail;
    private ushort _bufferTail;

    private IoUring(int descriptor, in RingSetup setup, int bufferCount, int bufferSize)
    {
        _descriptor = _enterDescriptor = descriptor;
        _bufferCount = bufferCount;
        _bufferSize = bufferSize;
        _ringsSize = Math.Max(setup.Sq.ArrayOrFlags + (setup.SqEntries * sizeof(uint)), setup.Cq.DroppedOrCqes + (setup.CqEntries * CqeSize));
        _rings = Map(_ringsSize, MAP_SHARED | MAP_POPULATE, descriptor, 0);
        _sqesSize = setup.SqEntries * SqeSize;
        _sqes = Map(_sqesSize, MAP_SHARED | MAP_POPULATE, descriptor, IORING_OFF_SQES);
        _bufferRing = Map((nuint)(bufferCount * BufferEntrySize), MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        // Pages come with their first use: a loop without traffic holds none.
        _buffers = Map((nuint)bufferCount * (nuint)bufferSize, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        _sqHead = (uint*)(_rings + setup.Sq.Head);
        _sqTail = (uint*)(_rings + setup.Sq.Tail);
        _sqMask = setup.SqEntries - 1;
        _sqEntries = setup.SqEntries;
        _sqFlags = (uint*)(_rings + setup.Sq.FlagsOrOverflow);
        _cqFlags = (uint*)(_rings + setup.Cq.ArrayOrFlags);
        _cqHead = (uint*)(_rings + setup.Cq.Head);
        _cqTail = (uint*)(_rings + setup.Cq.Tail);
        _cqMask = setup.CqEntries - 1;
        _cqes = _rings + setup.Cq.DroppedOrCqes;
        uint* indices = (uint*)(_rings + setup.Sq.ArrayOrFlags);
        for (uint i = 0; i < setup.SqEntries; i++) indices[i] = i;
    }

    /// <summary>Counted up, for an edge-triggered epoll, when the kernel has work to do for the ring or a completion has come.</summary>
    public int Descriptor => _signal.Descriptor;

    public int BufferCount => _bufferCount;

    public int BufferSize => _bufferSize;

    /// <summary>Makes a ring for the calling thread, or returns null with the reason.</summary>
    /// <param name="entries">Operations queued at most before they are submitted; a power of two.</param>
    /// <param name="bufferCount">Provided buffers; a power of two.</param>
    public static IoUring? TryCreate(uint entries, int bufferCount, int bufferSize, out string reason)
    {
        var setup = new RingSetup
        {
            Flags = IORING_SETUP_CQSIZE | IORING_SETUP_SUBMIT_ALL | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN | IORING_SETUP_TASKRUN_FLAG,
            CqEntries = entries * 4,
        };
        int descriptor = (int)Call(SYS_io_uring_setup, (nint)entries, (nint)(&setup), 0, 0, 0, 0);
        if (descriptor < 0)
        {
            reason = $"io_uring_setup: {Marshal.GetLastPInvokeErrorMessage()}";
            return null;
        }

        const uint needed = IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP;
        reason = "the kernel's io_uring is too old";
        IoUring? ring = null;
        try
        {
            if ((setup.Features & needed) == needed && (ring = new IoUring(descriptor, setup, bufferCount, bufferSize)).Prepare(out reason)) return ring;
        }
        catch (Exception exception) when (exception is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            // No memory to map, or no descriptor: what was mapped goes with the process, and this is tried once a loop.
            reason = exception.Message;
        }

        if (ring is null) SocketCalls.Close(descriptor);
        else ring.Dispose();
        return null;
    }

    /// <summary>Receives again and again, each time into a provided buffer, until an end, an error or <see cref="Cancel"/>.</summary>
    public void ReceiveMultishot(int descriptor, ulong data)
    {
        byte* entry = NextEntry(IORING_OP_RECV, descriptor, data);
        entry[1] = IOSQE_BUFFER_SELECT;
        *(ushort*)(entry + 2) = IORING_RECV_MULTISHOT;
    }

    /// <summary>
    /// Sends from a provided buffer what the socket takes at once, while it is being submitted. Completes only where that was less, or nothing
    /// (EAGAIN), or an error: once it is submitted, there is a completion or all of it was sent.
    /// </summary>
    /// <returns>Its place among all operations, to compare with <see cref="Submitted"/>.</returns>
    public uint Send(int descriptor, int buffer, int offset, int length, ulong data)
    {
        byte* entry = NextEntry(IORING_OP_SEND, descriptor, data);
        entry[1] = IOSQE_CQE_SKIP_SUCCESS;
        *(ulong*)(entry + 16) = (ulong)(_buffers + ((nint)buffer * _bufferSize) + offset);
        *(uint*)(entry + 24) = (uint)length;
        // "Wait for all" makes less than all a failure, which is not skipped; it never waits, for the other flag forbids it.
        *(uint*)(entry + 28) = MSG_DONTWAIT | MSG_WAITALL | MSG_NOSIGNAL;
        return _queuedTail - 1;
    }

    /// <summary>Ends the operation submitted with <paramref name="target"/>, which then completes with ECANCELED.</summary>
    public void Cancel(ulong target, ulong data)
    {
        byte* entry = NextEntry(IORING_OP_ASYNC_CANCEL, -1, data);
        *(ulong*)(entry + 16) = target;
    }

    /// <summary>True where operations are queued.</summary>
    public bool HasQueued => _queuedTail != _submittedTail;

    /// <summary>The place of the first operation that the kernel has not taken; places wrap around.</summary>
    public uint Submitted => _submittedTail;

    /// <summary>Completions wait in the kernel that found no room: there may be some for operations which seem to have none.</summary>
    public bool HasOverflow => (Volatile.Read(ref *_sqFlags) & IORING_SQ_CQ_OVERFLOW) != 0;

    /// <summary>Gives the kernel what is queued and has it do its deferred work. One system call, which does not wait.</summary>
    public void Submit()
    {
        Volatile.Write(ref *_sqTail, _queuedTail);
        while (true)
        {
            uint count = _queuedTail - Volatile.Read(ref *_sqHead);
            nint submitted = Call(SYS_io_uring_enter, _enterDescriptor, (nint)count, 0, (nint)_enterFlags, 0, 0);
            // Interrupted, or short of memory for a moment: what was not taken stays queued.
            if (submitted >= count || submitted < 0) break;
        }

        _submittedTail = Volatile.Read(ref *_sqHead);
    }

    /// <summary>Tells of each completion that waits and whose operation's data have some of the bits. Takes none.</summary>
    public void Peek(ulong bits, Action<ulong> found)
    {
        uint tail = Volatile.Read(ref *_cqTail);
        for (uint head = *_cqHead; head != tail; head++)
        {
            ulong data = *(ulong*)(_cqes + ((head & _cqMask) * CqeSize));
            if ((data & bits) != 0) found(data);
        }
    }

    /// <summary>Nothing is signalled from now on: what comes meanwhile is asked for.</summary>
    public void Mute()
    {
        if (CanMute) Volatile.Write(ref *_cqFlags, IORING_CQ_EVENTFD_DISABLED);
    }

    /// <summary>Signals again; true where something has come meanwhile and there is no signal for it.</summary>
    public bool Unmute()
    {
        if (!CanMute) return false;
        Volatile.Write(ref *_cqFlags, 0);
        // The kernel notes its work, then looks whether to signal; here it is the other way round, so one of the two sees the other.
        Interlocked.MemoryBarrier();
        return (Volatile.Read(ref *_sqFlags) & (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0 || *_cqHead != Volatile.Read(ref *_cqTail);
    }

    // Where stores and later loads may change places the kernel would need a barrier between its two steps, and has none.
    private static bool CanMute => RuntimeInformation.ProcessArchitecture == Architecture.X64;

    /// <summary>Takes the next completion there is. No system call.</summary>
    public bool TryTake(out RingCompletion completion)
    {
        uint head = *_cqHead;
        // The kernel writes the entry, then the tail.
        if (head == Volatile.Read(ref *_cqTail))
        {
            completion = default;
            return false;
        }

        byte* entry = _cqes + ((head & _cqMask) * CqeSize);
        completion = new RingCompletion(*(ulong*)entry, *(int*)(entry + 8), *(uint*)(entry + 12));
        Volatile.Write(ref *_cqHead, head + 1);
        return true;
    }

    /// <summary>What a provided buffer holds; valid until <see cref="Return"/>.</summary>
    public ReadOnlySpan<byte> Bytes(int buffer, int offset, int length) => new(_buffers + ((nint)buffer * _bufferSize) + offset, length);

    /// <summary>Gives a buffer back to the kernel.</summary>
    public void Return(int buffer)
    {
        byte* entry = _bufferRing + ((_bufferTail & (_bufferCount - 1)) * BufferEntrySize);
        *(ulong*)entry = (ulong)(_buffers + ((nint)buffer * _bufferSize));
        *(uint*)(entry + 8) = (uint)_bufferSize;
        // Not beyond: the tail stands in the first entry's last two bytes.
        *(ushort*)(entry + 12) = (ushort)buffer;
        Volatile.Write(ref *(ushort*)(_bufferRing + BufferTailOffset), ++_bufferTail);
    }

    public void Dispose()
    {
        SocketCalls.Close(_descriptor);
        _signal.Dispose();
        _ = munmap(_rings, _ringsSize);
        _ = munmap(_sqes, _sqesSize);
        _ = munmap(_bufferRing, (nuint)(_bufferCount * BufferEntrySize));
        _ = munmap(_buffers, (nuint)_bufferCount * (nuint)_bufferSize);
    }

    private bool Prepare(out string reason)
    {
        // The ring's own descriptor is no good for epoll: with deferred task run, work that waits does not make it readable.
        int signal = _signal.Descriptor;
        if (Call(SYS_io_uring_register, _descriptor, (nint)IORING_REGISTER_EVENTFD, (nint)(&signal), 1, 0, 0) != 0)
        {
            reason = $"io_uring has no event descriptor: {Marshal.GetLastPInvokeErrorMessage()}";
            return false;
        }

        // struct io_uring_buf_reg: address, entries, group and flags, three reserved words.
        ulong* registration = stackalloc ulong[5];
        new Span<ulong>(registration, 5).Clear();
        registration[0] = (ulong)_bufferRing;
        registration[1] = (uint)_bufferCount;
        if (Call(SYS_io_uring_register, _descriptor, (nint)IORING_REGISTER_PBUF_RING, (nint)registration, 1, 0, 0) != 0)
        {
            reason = $"io_uring has no provided buffers: {Marshal.GetLastPInvokeErrorMessage()}";
            return false;
        }

        for (int buffer = 0; buffer < _bufferCount; buffer++) Return(buffer);
        RegisterDescriptor();
        reason = "";
        return true;
    }

    // Saves the kernel the look-up of the descriptor at each call; a kernel that refuses does without.
    private void RegisterDescriptor()
    {
        // struct io_uring_rsrc_update: place (any) and a reserved word, the descriptor.
        ulong* update = stackalloc ulong[2] { uint.MaxValue, (uint)_descriptor };
        if (Call(SYS_io_uring_register, _descriptor, (nint)IORING_REGISTER_RING_FDS, (nint)update, 1, 0, 0) != 1) return;
        _enterDescriptor = (int)(uint)update[0];
        _enterFlags |= IORING_ENTER_REGISTERED_RING;
    }

    private byte* NextEntry(byte operation, int descriptor, ulong data)
    {
        // The kernel may take nothing for a moment, short of memory; an entry that it has not taken must not be written over.
        while (_queuedTail - Volatile.Read(ref *_sqHead) == _sqEntries) Submit();
        byte* entry = _sqes + ((_queuedTail++ & _sqMask) * SqeSize);
        Unsafe.InitBlock(entry, 0, SqeSize);
        entry[0] = operation;
        *(int*)(entry + 4) = descriptor;
        *(ulong*)(entry + 32) = data;
        return entry;
    }

    private static byte* Map(nuint size, int flags, int descriptor, long offset)
    {
        byte* address = mmap(null, size, PROT_READ_WRITE, flags, descriptor, offset);
        return address != (byte*)-1 ? address : throw new InvalidOperationException($"mmap of a ring: {Marshal.GetLastPInvokeErrorMessage()}");
    }

    private static nint Call(int number, nint a, nint b, nint c, nint d, nint e, nint f) => syscall(number, a, b, c, d, e, f);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint syscall(nint number, nint a, nint b, nint c, nint d, nint e, nint f);

    [LibraryImport("libc", SetLastError = true)]
    private static partial byte* mmap(void* address, nuint length, int protection, int flags, int descriptor, long offset);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int munmap(void* address, nuint length);
}

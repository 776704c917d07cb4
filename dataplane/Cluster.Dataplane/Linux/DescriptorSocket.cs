using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Cluster.Dataplane.Linux;

/// <summary>A Unix socket whose messages keep their bounds and may carry descriptors (SOCK_SEQPACKET, SCM_RIGHTS). Calls block, for the time that was set.</summary>
/// <remarks>One thread sends and receives; <see cref="TryShutdown"/> may come from any and ends what blocks.</remarks>
internal sealed unsafe partial class DescriptorSocket : SafeHandleMinusOneIsInvalid
{
    /// <summary>SCM_MAX_FD: what the kernel takes in one message.</summary>
    public const int MaxDescriptors = 253;

    /// <summary>Well below what a socket's buffer takes at once (net.core.wmem_default, 208 kB).</summary>
    public const int MaxMessageBytes = 64 * 1024;

    private const int AF_UNIX = 1;
    private const int SOCK_SEQPACKET = 5;
    private const int SOCK_CLOEXEC = 0x80000;
    private const int SOL_SOCKET = 1;
    private const int SCM_RIGHTS = 1;
    private const int SO_PEERCRED = 17;
    private const int SO_RCVTIMEO = 20;
    private const int SO_SNDTIMEO = 21;
    private const int MSG_CTRUNC = 0x8;
    private const int MSG_TRUNC = 0x20;
    private const int MSG_NOSIGNAL = 0x4000;
    private const int MSG_CMSG_CLOEXEC = 0x40000000;
    private const int SHUT_RDWR = 2;
    private const int Backlog = 4;

    // struct sockaddr_un: the family, then the path and its zero.
    private const int AddressBytes = 110;
    private const int HeaderBytes = 16;
    private const int ControlBytes = HeaderBytes + (MaxDescriptors + 1) / 2 * 2 * sizeof(int);

    private DescriptorSocket(int descriptor)
        : base(ownsHandle: true) => SetHandle(descriptor);

    private int Descriptor => (int)handle;

    /// <summary>Listens by a name in a folder, in place of whatever has that name.</summary>
    /// <exception cref="IOException">The kernel refused.</exception>
    public static DescriptorSocket Listen(FolderHandle folder, string name)
    {
        DescriptorSocket made = Open();
        string path = folder.PathOf(name);
        File.Delete(path);
        Span<byte> address = stackalloc byte[AddressBytes];
        int length = Write(path, address);
        if (bind(made.Descriptor, ref MemoryMarshal.GetReference(address), length) == 0 && listen(made.Descriptor, Backlog) == 0) return made;
        IOException failure = Failure("listen");
        made.Dispose();
        throw failure;
    }

    /// <summary>Connects to whoever listens by a name in a folder; null where nobody does.</summary>
    /// <exception cref="IOException">The kernel refused.</exception>
    public static DescriptorSocket? Connect(FolderHandle folder, string name)
    {
        DescriptorSocket made = Open();
        Span<byte> address = stackalloc byte[AddressBytes];
        int length = Write(folder.PathOf(name), address);
        if (connect(made.Descriptor, ref MemoryMarshal.GetReference(address), length) == 0) return made;
        IOException failure = Failure("connect");
        bool nobody = Marshal.GetLastPInvokeError() is Errno.ENOENT or Errno.ECONNREFUSED;
        made.Dispose();
        return nobody ? null : throw failure;
    }

    /// <summary>Waits for the next peer; null once it was shut down.</summary>
    /// <exception cref="IOException">There is no descriptor or memory for it; it waits still.</exception>
    public DescriptorSocket? Accept()
    {
        while (true)
        {
            int descriptor = accept4(Descriptor, null, null, SOCK_CLOEXEC);
            if (descriptor >= 0) return new DescriptorSocket(descriptor);
            if (SocketCalls.Error is Errno.EINVAL or Errno.EBADF) return null;
            // A peer that has gone again is no matter.
            if (SocketCalls.Error is not (Errno.EINTR or Errno.EAGAIN or Errno.ECONNABORTED)) throw Failure("accept");
        }
    }

    /// <summary>The effective user of the process that connected or listened, as the kernel noted it then.</summary>
    public uint PeerUser
    {
        get
        {
            // struct ucred { pid, uid, gid }
            Span<byte> credentials = stackalloc byte[12];
            int length = credentials.Length;
            if (getsockopt(Descriptor, SOL_SOCKET, SO_PEERCRED, ref MemoryMarshal.GetReference(credentials), ref length) != 0) throw Failure("ask who is there");
            return MemoryMarshal.Read<uint>(credentials[4..]);
        }
    }

    /// <summary>How long a call may block.</summary>
    public void SetTimeout(TimeSpan timeout)
    {
        Span<long> value = [(long)timeout.TotalSeconds, timeout.Microseconds + (timeout.Milliseconds * 1000L)];
        Span<byte> bytes = MemoryMarshal.AsBytes(value);
        _ = setsockopt(Descriptor, SOL_SOCKET, SO_RCVTIMEO, ref MemoryMarshal.GetReference(bytes), bytes.Length);
        _ = setsockopt(Descriptor, SOL_SOCKET, SO_SNDTIMEO, ref MemoryMarshal.GetReference(bytes), bytes.Length);
    }

    /// <summary>Sends a message; the peer gets descriptors of its own for the same sockets.</summary>
    /// <exception cref="EndOfStreamException">The peer has closed; it may have said why before.</exception>
    /// <exception cref="IOException">The kernel refused.</exception>
    /// <exception cref="TimeoutException">The peer takes nothing.</exception>
    public void Send(ReadOnlySpan<byte> bytes, ReadOnlySpan<int> descriptors)
    {
        byte* control = stackalloc byte[ControlBytes];
        fixed (byte* start = bytes)
        {
            var vector = new IoVector { Start = start, Length = (nuint)bytes.Length };
            var message = new MultiMessage { Vectors = &vector, VectorCount = 1 };
            if (descriptors.Length > 0)
            {
                // struct cmsghdr { length, level, type }; 16 bytes on every 64-bit system.
                *(ulong*)control = (ulong)(HeaderBytes + (descriptors.Length * sizeof(int)));
                *(int*)(control + 8) = SOL_SOCKET;
                *(int*)(control + 12) = SCM_RIGHTS;
                descriptors.CopyTo(new Span<int>(control + HeaderBytes, MaxDescriptors));
                message.Control = control;
                message.ControlLength = (nuint)(HeaderBytes + (descriptors.Length * sizeof(int)));
            }

            while (sendmsg(Descriptor, &message, MSG_NOSIGNAL) < 0)
            {
                if (SocketCalls.Error == Errno.EINTR) continue;
                throw SocketCalls.Error switch
                {
                    Errno.EAGAIN => new TimeoutException("the other process takes no more messages"),
                    Errno.EPIPE or Errno.ECONNRESET => new EndOfStreamException("the other process has closed the talk"),
                    _ => Failure("send"),
                };
            }
        }
    }

    /// <summary>Receives a message: its length, 0 where the peer has closed.</summary>
    /// <param name="bytes">Room for <see cref="MaxMessageBytes"/>.</param>
    /// <param name="descriptors">Room for <see cref="MaxDescriptors"/>; what arrives is the caller's to close.</param>
    /// <param name="count">How many came along.</param>
    /// <exception cref="IOException">The peer sent more than fits, there is no descriptor left for what came along, or the kernel refused.</exception>
    /// <exception cref="TimeoutException">Nothing came.</exception>
    public int Receive(Span<byte> bytes, Span<int> descriptors, out int count)
    {
        byte* control = stackalloc byte[ControlBytes];
        fixed (byte* start = bytes)
        {
            var vector = new IoVector { Start = start, Length = (nuint)bytes.Length };
            var message = new MultiMessage { Vectors = &vector, VectorCount = 1, Control = control, ControlLength = ControlBytes };
            nint length;
            // A peer that closed before it read all is told of once (ECONNRESET); what it had sent comes after that.
            while ((length = recvmsg(Descriptor, &message, MSG_CMSG_CLOEXEC)) < 0)
                if (SocketCalls.Error is not (Errno.EINTR or Errno.ECONNRESET)) throw SocketCalls.Error == Errno.EAGAIN ? new TimeoutException("the other process says nothing") : Failure("receive");
            count = TakeDescriptors(message, control, descriptors);
            if ((message.Flags & (MSG_TRUNC | MSG_CTRUNC)) == 0) return (int)length;
            foreach (int descriptor in descriptors[..count]) SocketCalls.Close(descriptor);
            count = 0;
            // There is room for as many as the kernel takes: those that were cut off had no number here.
            throw new IOException((message.Flags & MSG_TRUNC) != 0
                ? "a message of the other process is larger than any may be"
                : "this process has no descriptors left for the sockets of the other one");
        }
    }

    /// <summary>Ends what blocks here, and the connection; nothing where it was disposed meanwhile.</summary>
    public void TryShutdown()
    {
        bool held = false;
        try
        {
            DangerousAddRef(ref held);
            _ = shutdown(Descriptor, SHUT_RDWR);
        }
        catch (ObjectDisposedException)
        {
            // Its user was faster.
        }
        finally
        {
            if (held) DangerousRelease();
        }
    }

    protected override bool ReleaseHandle()
    {
        SocketCalls.Close(Descriptor);
        return true;
    }

    private static int TakeDescriptors(in MultiMessage message, byte* control, Span<int> descriptors)
    {
        if (message.ControlLength < HeaderBytes + sizeof(int) || *(int*)(control + 8) != SOL_SOCKET || *(int*)(control + 12) != SCM_RIGHTS) return 0;
        int count = ((int)*(ulong*)control - HeaderBytes) / sizeof(int);
        new ReadOnlySpan<int>(control + HeaderBytes, count).CopyTo(descriptors);
        return count;
    }

    private static DescriptorSocket Open()
    {
        int descriptor = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
        return descriptor >= 0 ? new DescriptorSocket(descriptor) : throw Failure("open");
    }

    private static int Write(string path, Span<byte> address)
    {
        address.Clear();
        MemoryMarshal.Write(address, (ushort)AF_UNIX);
        return sizeof(ushort) + Encoding.UTF8.GetBytes(path, address[sizeof(ushort)..^1]) + 1;
    }

    private static IOException Failure(string what)
    {
        int error = SocketCalls.Error;
        var failure = new IOException($"cannot {what}: {Marshal.GetPInvokeErrorMessage(error)}");
        Marshal.SetLastPInvokeError(error);
        return failure;
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int bind(int descriptor, ref byte address, int length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int listen(int descriptor, int backlog);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int connect(int descriptor, ref byte address, int length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int accept4(int descriptor, void* address, void* length, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getsockopt(int descriptor, int level, int option, ref byte value, ref int length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setsockopt(int descriptor, int level, int option, ref byte value, int length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint sendmsg(int descriptor, MultiMessage* message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint recvmsg(int descriptor, MultiMessage* message, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int shutdown(int descriptor, int how);
}

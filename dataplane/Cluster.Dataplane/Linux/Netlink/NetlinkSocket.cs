using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cluster.Dataplane.Linux.Netlink;

/// <summary>A socket to one of the kernel's netlink families, by default its routing tables. One request at a time.</summary>
internal sealed partial class NetlinkSocket : IDisposable
{
    private const int AF_NETLINK = 16;
    private const int SOCK_RAW = 3;
    private const int SOCK_CLOEXEC = 0x80000;
    private const int NETLINK_ROUTE = 0;

    /// <summary>The family that tells of sockets.</summary>
    public const int NETLINK_SOCK_DIAG = 4;

    /// <summary>The family that speaks of rules and of tracked connections.</summary>
    public const int NETLINK_NETFILTER = 12;

    private readonly SafeFileHandle _handle;

    public NetlinkSocket(int family = NETLINK_ROUTE)
    {
        _handle = Open(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, family);
        if (_handle.IsInvalid) throw new Win32Exception(Marshal.GetLastPInvokeError(), "Cannot open a netlink socket");
    }

    /// <summary>Has the kernel carry out one request with NLM_F_ACK: 0, or an error number.</summary>
    public static int Request(ReadOnlySpan<byte> message)
    {
        using var socket = new NetlinkSocket();
        socket.Send(message);
        Span<byte> answer = stackalloc byte[4096];
        var length = socket.Receive(answer);
        // The acknowledgement is an error message whose error is 0 or a negated number.
        return length >= RouteMessage.HeaderBytes + 4 && MemoryMarshal.Read<ushort>(answer[4..]) == NetlinkMessages.NLMSG_ERROR
            ? -MemoryMarshal.Read<int>(answer[RouteMessage.HeaderBytes..])
            : throw new InvalidDataException("netlink gave no acknowledgement");
    }

    /// <summary>Makes room for a request that is larger than usual, past the system's limit where that is permitted.</summary>
    public void SetSendBuffer(int bytes)
    {
        const int SOL_SOCKET = 1, SO_SNDBUFFORCE = 32, usual = 100_000;
        if (bytes > usual) _ = SetOption(_handle, SOL_SOCKET, SO_SNDBUFFORCE, bytes, sizeof(int));
    }

    /// <summary>Sends one whole request.</summary>
    public void Send(ReadOnlySpan<byte> message)
    {
        if (Send(_handle, message, message.Length, 0) != message.Length)
            throw new Win32Exception(Marshal.GetLastPInvokeError(), "Cannot send to netlink");
    }

    /// <summary>Receives the next part of the answer, which holds whole messages.</summary>
    public int Receive(Span<byte> buffer)
    {
        while (true)
        {
            var length = (int)Receive(_handle, buffer, buffer.Length, 0);
            if (length >= 0) return length;
            var error = Marshal.GetLastPInvokeError();
            if (error != Errno.EINTR) throw new Win32Exception(error, "Cannot receive from netlink");
        }
    }

    public void Dispose() => _handle.Dispose();

    [LibraryImport("libc", EntryPoint = "socket", SetLastError = true)]
    private static partial SafeFileHandle Open(int domain, int type, int protocol);

    [LibraryImport("libc", EntryPoint = "setsockopt", SetLastError = true)]
    private static partial int SetOption(SafeFileHandle socket, int level, int option, in int value, int length);

    [LibraryImport("libc", EntryPoint = "send", SetLastError = true)]
    private static partial nint Send(SafeFileHandle socket, ReadOnlySpan<byte> buffer, nint length, int flags);

    [LibraryImport("libc", EntryPoint = "recv", SetLastError = true)]
    private static partial nint Receive(SafeFileHandle socket, Span<byte> buffer, nint length, int flags);
}

using System.ComponentModel;
using System.Globalization;
using System.Runtime.InteropServices;

namespace Cluster.Dataplane.Linux;

/// <summary>Network namespaces: their cookies, and work done inside them.</summary>
internal static partial class NetNamespaces
{
    private const int CLONE_NEWNET = 0x40000000;
    private const int AF_UNIX = 1;
    private const int SOCK_STREAM_CLOEXEC = 0x80001;
    private const int SOL_SOCKET = 1;
    private const int SO_NETNS_COOKIE = 71;

    /// <summary>The number by which BPF programs know the namespace of the calling thread; never given again in this boot.</summary>
    /// <exception cref="Win32Exception">The kernel has no such numbers: it is older than 5.14.</exception>
    public static ulong CurrentCookie()
    {
        // Any socket tells; a Unix one needs no protocol to be there.
        var descriptor = socket(AF_UNIX, SOCK_STREAM_CLOEXEC, 0);
        if (descriptor < 0) throw Failure("make a socket");
        ulong cookie = 0;
        var length = sizeof(ulong);
        var result = getsockopt(descriptor, SOL_SOCKET, SO_NETNS_COOKIE, ref cookie, ref length);
        var failure = result == 0 ? null : Failure("read the cookie of a network namespace");
        SocketCalls.Close(descriptor);
        return failure is null ? cookie : throw failure;
    }

    /// <summary>The file of the calling thread's namespace.</summary>
    public const string CurrentPath = "/proc/thread-self/ns/net";

    /// <summary>The inode by which the kernel names the calling thread's namespace to user space; 0 where it can't be told.</summary>
    public static uint CurrentInode()
    {
        // The link reads net:[4026531840].
        var target = new FileInfo(CurrentPath).LinkTarget;
        return target is not null && target.StartsWith("net:[", StringComparison.Ordinal)
            && uint.TryParse(target.AsSpan(5, target.Length - 6), NumberStyles.None, CultureInfo.InvariantCulture, out var inode) ? inode : 0;
    }

    /// <summary>Runs something inside a namespace, on a thread of its own that ends with it, and waits.</summary>
    /// <param name="path">The namespace's file, such as <c>/proc/1/ns/net</c>.</param>
    /// <param name="action">What to run; sockets it makes belong to the namespace wherever they are used.</param>
    /// <exception cref="Win32Exception">The file is no network namespace, or entering is not permitted.</exception>
    public static T Run<T>(string path, Func<T> action)
    {
        T result = default!;
        Exception? failure = null;
        var thread = new Thread(() =>
        {
            try
            {
                using var target = File.OpenHandle(path);
                if (setns((int)target.DangerousGetHandle(), CLONE_NEWNET) != 0) throw Failure($"enter the network namespace {path}");
                result = action();
            }
            catch (Exception exception)
            {
                // Told by the caller's thread: here it would end the process.
                failure = exception;
            }
        }) { IsBackground = true };
        thread.TryStart();
        thread.Join();
        if (failure is not null) System.Runtime.ExceptionServices.ExceptionDispatchInfo.Throw(failure);
        return result;
    }

    private static Win32Exception Failure(string what)
    {
        var error = Marshal.GetLastPInvokeError();
        return new Win32Exception(error, $"Cannot {what}: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial int socket(int domain, int type, int protocol);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int getsockopt(int descriptor, int level, int option, ref ulong value, ref int length);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int setns(int descriptor, int type);
}

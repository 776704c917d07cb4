using System.Net.Sockets;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cluster.Kubelet.Linux;

/// <summary>Sockets that belong to another network namespace: a socket stays for life in the one it was made in.</summary>
internal static class NamespaceSockets
{
    private const int NetworkNamespace = 0x40000000;

    /// <summary>Makes a TCP socket in the network namespace of a process.</summary>
    /// <exception cref="IOException">The process is gone, or entering is not allowed.</exception>
    public static Task<Socket> OpenAsync(long process, AddressFamily family)
    {
        var made = new TaskCompletionSource<Socket>(TaskCreationOptions.RunContinuationsAsynchronously);

        // A thread of its own: entering changes the thread for good, so it must end with this and serve nobody else.
        new Thread(() => Open(process, family, made), maxStackSize: 128 * 1024) { IsBackground = true, Name = "pod network" }.Start();
        return made.Task;
    }

    private static void Open(long process, AddressFamily family, TaskCompletionSource<Socket> made)
    {
        try
        {
            using (var ns = File.OpenHandle($"/proc/{process}/ns/net"))
            {
                if (Enter(ns, NetworkNamespace) != 0)
                    throw new IOException($"setns: {Marshal.GetPInvokeErrorMessage(Marshal.GetLastPInvokeError())}");
            }

            made.SetResult(new Socket(family, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true });
        }
        catch (Exception exception)
        {
            // The top of the thread: whoever asked for the socket gets the reason.
            made.SetException(exception as IOException ?? new IOException(exception.Message, exception));
        }
    }

    [DllImport("libc", EntryPoint = "setns", SetLastError = true)]
    private static extern int Enter(SafeFileHandle ns, int type);
}

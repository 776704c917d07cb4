using System.Runtime.InteropServices;

namespace Cluster.ApiServer.Hosting.Linux;

/// <summary>setpriority(2) for single threads: the runtime's own <see cref="Thread.Priority"/> changes nothing on Linux.</summary>
internal static partial class ThreadNiceness
{
    private const int PrioProcess = 0;

    // On Linux it is the calling thread's own (sched(7)).
    private const int CallingThread = 0;

    /// <summary>Lets other threads go before the calling one, for good.</summary>
    /// <param name="nice">0 to 19: each is about a tenth less of a core that others want too.</param>
    /// <returns>False: the kernel refused, and it goes on as before.</returns>
    public static bool Raise(int nice) => OperatingSystem.IsLinux() && SetPriority(PrioProcess, CallingThread, nice) == 0;

    [LibraryImport("libc", EntryPoint = "setpriority")]
    private static partial int SetPriority(int which, int who, int priority);
}

using System.Runtime.InteropServices;

namespace Cluster.Dataplane.Linux;

/// <summary>Sleeps of some microseconds, shorter than any the runtime knows.</summary>
internal static partial class ThreadPause
{
    private const int PR_SET_TIMERSLACK = 29;

    /// <summary>Has the kernel end the calling thread's sleeps within a microsecond, not within the 50 that it takes otherwise to join timers.</summary>
    public static void Sharpen() => _ = prctl(PR_SET_TIMERSLACK, 1_000, 0, 0, 0);

    /// <summary>Sleeps; a signal may end it early.</summary>
    public static void For(int microseconds)
    {
        var time = new TimeSpecification { Nanoseconds = microseconds * 1_000L };
        _ = nanosleep(in time, 0);
    }

    [LibraryImport("libc")]
    private static partial int prctl(int option, nuint second, nuint third, nuint fourth, nuint fifth);

    [LibraryImport("libc")]
    private static partial int nanosleep(in TimeSpecification time, nint left);

    /// <summary>struct timespec of a 64-bit system.</summary>
    [StructLayout(LayoutKind.Sequential)]
    private struct TimeSpecification
    {
        public long Seconds;
        public long Nanoseconds;
    }
}

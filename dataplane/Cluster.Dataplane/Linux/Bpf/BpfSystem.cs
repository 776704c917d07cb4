using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Cluster.Dataplane.Linux.Bpf;

/// <summary>The system call bpf(2).</summary>
internal static unsafe partial class BpfSystem
{
    // The kernel gives up loading a program when a signal is pending, which the runtime's own signals can be.
    private const int MaxTries = 8;

    // Not in the tables of the C library: numbered by architecture.
    private static nint Number => RuntimeInformation.ProcessArchitecture switch
    {
        Architecture.X64 => 321,
        Architecture.Arm64 => 280,
        var other => throw new PlatformNotSupportedException($"bpf(2) is not known for {other}"),
    };

    /// <summary>A call whose attribute has the layout of one member of <c>union bpf_attr</c>. Returns -1 with the error in <paramref name="error"/>.</summary>
    public static int Try<T>(BpfCommand command, ref T attribute, out int error)
        where T : unmanaged
    {
        for (var tries = 1; ; tries++)
        {
            nint result;
            fixed (T* pointer = &attribute) result = syscall(Number, (int)command, pointer, sizeof(T));
            error = result < 0 ? Marshal.GetLastPInvokeError() : 0;
            if (result >= 0 || error is not (Errno.EINTR or Errno.EAGAIN) || tries == MaxTries) return (int)result;
        }
    }

    /// <exception cref="BpfException">The kernel refused.</exception>
    public static int Call<T>(BpfCommand command, ref T attribute, [CallerMemberName] string what = "")
        where T : unmanaged
    {
        var result = Try(command, ref attribute, out var error);
        return result >= 0 ? result : throw new BpfException(error, $"{command} ({what})");
    }

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint syscall(nint number, nint command, void* attribute, nint size);
}

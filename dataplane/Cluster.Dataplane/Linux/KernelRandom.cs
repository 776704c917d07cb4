using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Cluster.Dataplane.Linux;

/// <summary>Random numbers that nobody can guess, from the kernel (getrandom(2)): the runtime's own source would load the library of TLS.</summary>
internal static partial class KernelRandom
{
    public static ulong Number() =>
        getrandom(out ulong number, sizeof(ulong), 0) == sizeof(ulong) ? number : throw new Win32Exception(Marshal.GetLastPInvokeError(), "Cannot get a random number");

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint getrandom(out ulong buffer, nint length, uint flags);
}

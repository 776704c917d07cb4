using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Cluster.Dataplane.Linux;

/// <summary>Memory of a descriptor seen as this process's own.</summary>
internal static partial class SharedMemory
{
    private const int PROT_READ_WRITE = 3;
    private const int MAP_SHARED = 1;

    /// <param name="descriptor">Whose memory it is.</param>
    /// <param name="bytes">How much of it.</param>
    /// <param name="offset">Where it begins, in whole pages.</param>
    /// <exception cref="Win32Exception">The kernel refused.</exception>
    public static nint Map(int descriptor, nint bytes, nint offset = 0)
    {
        var address = mmap(0, bytes, PROT_READ_WRITE, MAP_SHARED, descriptor, offset);
        if (address != -1) return address;
        var error = Marshal.GetLastPInvokeError();
        throw new Win32Exception(error, $"Cannot map shared memory: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    public static void Unmap(nint address, nint bytes) => _ = munmap(address, bytes);

    [LibraryImport("libc", SetLastError = true)]
    private static partial nint mmap(nint address, nint length, int protection, int flags, int descriptor, nint offset);

    [LibraryImport("libc")]
    private static partial int munmap(nint address, nint length);
}

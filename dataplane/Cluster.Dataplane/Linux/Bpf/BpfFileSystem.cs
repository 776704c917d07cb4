using System.ComponentModel;
using System.Runtime.InteropServices;

namespace Cluster.Dataplane.Linux.Bpf;

/// <summary>A BPF file system, in which maps and links are given names that outlive a process. Each mount is one of its own.</summary>
internal static partial class BpfFileSystem
{
    private const int StatfsBytes = 256;
    private const long BPF_FS_MAGIC = 0xcafe4a11;
    private const int MNT_DETACH = 2;

    /// <summary>Mounts one on a folder, which is made if missing, unless one is mounted there.</summary>
    /// <param name="path">The folder.</param>
    /// <param name="beforeMount">Told before anything is made.</param>
    /// <exception cref="Win32Exception">Not permitted, among others.</exception>
    public static void Ensure(string path, Action? beforeMount)
    {
        if (IsMounted(path)) return;
        beforeMount?.Invoke();
        var isMade = !Directory.Exists(path);
        Directory.CreateDirectory(path);
        // Its root is everybody's to write otherwise: others could take our names before us.
        if (mount("bpf", path, "bpf", 0, "mode=0700") == 0) return;
        var failure = Failure("mount a BPF file system on", path);
        if (isMade) Directory.Delete(path);
        throw failure;
    }

    /// <summary>Unmounts it, and with it every pin inside; does nothing where none is mounted.</summary>
    public static void Remove(string path)
    {
        if (!IsMounted(path)) return;
        if (umount2(path, MNT_DETACH) != 0) throw Failure("unmount", path);
    }

    /// <summary>Unmounts it and removes its folder where nothing is pinned there any more.</summary>
    public static void RemoveIfEmpty(string path)
    {
        // Every mount has the kernel's own maps.debug and progs.debug.
        if (Directory.EnumerateFileSystemEntries(path).Any(entry => Path.GetExtension(entry) != ".debug")) return;
        Remove(path);
        Directory.Delete(path);
    }

    /// <summary>Whether the path is in a BPF file system.</summary>
    public static bool IsMounted(string path)
    {
        if (!OperatingSystem.IsLinux() || !Directory.Exists(path)) return false;
        Span<byte> facts = stackalloc byte[StatfsBytes];
        return statfs(path, ref MemoryMarshal.GetReference(facts)) == 0 && MemoryMarshal.Read<long>(facts) == BPF_FS_MAGIC;
    }

    private static Win32Exception Failure(string what, string path)
    {
        var error = Marshal.GetLastPInvokeError();
        return new Win32Exception(error, $"Cannot {what} {path}: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int mount(string source, string target, string type, nuint flags, string data);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int umount2(string target, int flags);

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int statfs(string path, ref byte facts);
}

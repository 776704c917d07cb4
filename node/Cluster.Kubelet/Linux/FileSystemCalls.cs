using System.Runtime.InteropServices;

namespace Cluster.Kubelet.Linux;

/// <summary>The system calls on files and mounts that .NET has no method for. Failures are <see cref="IOException"/>s.</summary>
internal static class FileSystemCalls
{
    private const int DetachLazily = 2;
    private const int NotFound = 2;
    private const int NotMounted = 22;
    private const int CurrentDirectory = -100;
    private const uint WantType = 1;

    /// <summary>rename(2): replaces a symlink, whatever it points to, in one step.</summary>
    public static void Rename(string from, string to) => Check(NativeRename(from, to), $"rename {from}");

    /// <summary>Gives a file to a group, keeping its owner; a symlink itself, not its target.</summary>
    public static void ChangeGroup(string path, long group) => Check(NativeChangeOwner(path, -1, (int)group), $"chgrp {path}");

    /// <summary>Mounts a file system in memory.</summary>
    /// <param name="path">An existing directory.</param>
    /// <param name="mode">Who may use it.</param>
    /// <param name="sizeBytes">Its limit; null for half of the machine's memory, the kernel's default.</param>
    public static void MountMemory(string path, UnixFileMode mode, long? sizeBytes) =>
        Check(
            NativeMount("tmpfs", path, "tmpfs", 0, $"mode={Convert.ToString((int)mode, 8)}{(sizeBytes is { } size ? $",size={size}" : "")}"), $"mount tmpfs on {path}");

    /// <summary>Unmounts; what is not mounted, or not there, is no error.</summary>
    public static void Unmount(string path)
    {
        if (NativeUnmount(path, DetachLazily) == 0 || Marshal.GetLastPInvokeError() is NotFound or NotMounted) return;
        Check(-1, $"unmount {path}");
    }

    /// <summary>The kind of file behind a path, symlinks followed; null when there is none.</summary>
    public static FileKind? KindOf(string path)
    {
        // struct statx: the mode is a 16-bit word at offset 28, the kind its top four bits.
        var status = new byte[256];
        return NativeStatus(CurrentDirectory, path, 0, WantType, status) == 0
            ? (FileKind)(BitConverter.ToUInt16(status, 28) & 0xF000)
            : null;
    }

    private static void Check(int result, string what)
    {
        if (result == 0) return;
        var error = Marshal.GetLastPInvokeError();
        throw new IOException($"{what}: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    [DllImport("libc", EntryPoint = "rename", SetLastError = true)]
    private static extern int NativeRename(
        [MarshalAs(UnmanagedType.LPUTF8Str)] string from, [MarshalAs(UnmanagedType.LPUTF8Str)] string to);

    [DllImport("libc", EntryPoint = "lchown", SetLastError = true)]
    private static extern int NativeChangeOwner([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int owner, int group);

    [DllImport("libc", EntryPoint = "mount", SetLastError = true)]
    private static extern int NativeMount(
        [MarshalAs(UnmanagedType.LPUTF8Str)] string source, [MarshalAs(UnmanagedType.LPUTF8Str)] string target,
        [MarshalAs(UnmanagedType.LPUTF8Str)] string type, nuint flags, [MarshalAs(UnmanagedType.LPUTF8Str)] string options);

    [DllImport("libc", EntryPoint = "umount2", SetLastError = true)]
    private static extern int NativeUnmount([MarshalAs(UnmanagedType.LPUTF8Str)] string target, int flags);

    [DllImport("libc", EntryPoint = "statx", SetLastError = true)]
    private static extern int NativeStatus(
        int directory, [MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mask, [Out] byte[] status);
}

/// <summary>Kinds of files, numbered as in st_mode.</summary>
internal enum FileKind
{
    Pipe = 0x1000,
    CharacterDevice = 0x2000,
    Directory = 0x4000,
    BlockDevice = 0x6000,
    Regular = 0x8000,
    Link = 0xA000,
    Socket = 0xC000,
}

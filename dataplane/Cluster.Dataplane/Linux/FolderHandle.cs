using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cluster.Dataplane.Linux;

/// <summary>A descriptor of a folder, which the runtime's own file handles refuse to open.</summary>
internal sealed partial class FolderHandle : SafeHandleMinusOneIsInvalid
{
    private const int O_DIRECTORY = 0x10000;
    private const int O_DIRECTORY_ARM = 0x4000;
    private const int O_CLOEXEC = 0x80000;

    // struct stat has 144 bytes or fewer; st_ino follows st_dev on every 64-bit architecture.
    private const int StatBytes = 256;
    private const int InodeOffset = 8;

    // st_mode and st_uid: asm-generic has st_nlink behind st_mode, x86-64 before it.
    private static readonly int ModeOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 24 : 16;
    private static readonly int OwnerOffset = RuntimeInformation.ProcessArchitecture == Architecture.X64 ? 28 : 24;
    private const uint ForOthers = 0x3F;

    private FolderHandle(int descriptor)
        : base(ownsHandle: true) => SetHandle(descriptor);

    /// <exception cref="Win32Exception">There is no such folder, or it can't be opened.</exception>
    public static FolderHandle Open(string path)
    {
        var directory = RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? O_DIRECTORY_ARM : O_DIRECTORY;
        var descriptor = open(path, directory | O_CLOEXEC);
        if (descriptor >= 0) return new FolderHandle(descriptor);
        var error = Marshal.GetLastPInvokeError();
        throw new Win32Exception(error, $"Cannot open {path}: {Marshal.GetPInvokeErrorMessage(error)}");
    }

    /// <summary>The number of the folder's inode; for cgroups the id of the cgroup.</summary>
    public ulong Inode
    {
        get
        {
            Span<byte> facts = stackalloc byte[StatBytes];
            Look(facts);
            return MemoryMarshal.Read<ulong>(facts[InodeOffset..]);
        }
    }

    /// <summary>True where this process's user owns it and nobody else may enter it.</summary>
    public bool IsPrivate
    {
        get
        {
            Span<byte> facts = stackalloc byte[StatBytes];
            Look(facts);
            return MemoryMarshal.Read<uint>(facts[OwnerOffset..]) == ProcessUser.Effective && (MemoryMarshal.Read<uint>(facts[ModeOffset..]) & ForOthers) == 0;
        }
    }

    /// <summary>A short path to something in the folder, whatever the folder's own is; good while this is open.</summary>
    public string PathOf(string name) => $"/proc/self/fd/{(int)handle}/{name}";

    private void Look(Span<byte> facts)
    {
        if (fstat((int)handle, ref MemoryMarshal.GetReference(facts)) != 0) throw new Win32Exception(Marshal.GetLastPInvokeError());
    }

    protected override bool ReleaseHandle()
    {
        SocketCalls.Close((int)handle);
        return true;
    }

    [LibraryImport("libc", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int open(string path, int flags);

    [LibraryImport("libc", SetLastError = true)]
    private static partial int fstat(int descriptor, ref byte facts);
}

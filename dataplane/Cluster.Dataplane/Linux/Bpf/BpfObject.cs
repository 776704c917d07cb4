using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace Cluster.Dataplane.Linux.Bpf;

/// <summary>A descriptor of something in the kernel's BPF system: a map, a program or a link. It lives while a descriptor, a pin or a user is left.</summary>
internal abstract unsafe class BpfObject : SafeHandleMinusOneIsInvalid
{
    protected BpfObject(int descriptor)
        : base(ownsHandle: true) => SetHandle(descriptor);

    /// <summary>The descriptor, for instructions and attributes made while this object is held.</summary>
    public int Descriptor => (int)handle;

    /// <summary>Gives it a name in a BPF file system, by which it outlives this process.</summary>
    /// <exception cref="BpfException">The name exists, or the folder is in no BPF file system.</exception>
    public void Pin(string path)
    {
        fixed (byte* name = Name(path))
        {
            var attribute = new PathAttribute { Path = (ulong)name, Descriptor = (uint)Descriptor };
            BpfSystem.Call(BpfCommand.BPF_OBJ_PIN, ref attribute, path);
        }
    }

    protected override bool ReleaseHandle()
    {
        SocketCalls.Close(Descriptor);
        return true;
    }

    /// <summary>A new descriptor of what is pinned at a path; -1 where there is nothing.</summary>
    /// <exception cref="BpfException">There is something, but it can't be had.</exception>
    protected static int OpenPinned(string path)
    {
        fixed (byte* name = Name(path))
        {
            var attribute = new PathAttribute { Path = (ulong)name };
            var descriptor = BpfSystem.Try(BpfCommand.BPF_OBJ_GET, ref attribute, out var error);
            if (descriptor >= 0 || error == Errno.ENOENT) return descriptor;
            throw new BpfException(error, $"{BpfCommand.BPF_OBJ_GET} ({path})");
        }
    }

    /// <summary>What the kernel tells of it: one of the <c>bpf_*_info</c> structures, cut to the length of <typeparamref name="T"/>.</summary>
    protected T ReadFacts<T>()
        where T : unmanaged => ReadFacts<T>(Descriptor);

    protected static T ReadFacts<T>(int descriptor)
        where T : unmanaged
    {
        T facts = default;
        var attribute = new InfoAttribute { Descriptor = (uint)descriptor, Length = (uint)sizeof(T), Info = (ulong)&facts };
        BpfSystem.Call(BpfCommand.BPF_OBJ_GET_INFO_BY_FD, ref attribute);
        return facts;
    }

    private static byte[] Name(string path) => Encoding.UTF8.GetBytes(path + '\0');

    [StructLayout(LayoutKind.Sequential)]
    private struct PathAttribute
    {
        public ulong Path;
        public uint Descriptor;
        public uint Flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct InfoAttribute
    {
        public uint Descriptor;
        public uint Length;
        public ulong Info;
    }
}

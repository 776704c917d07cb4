using System.Runtime.InteropServices;

namespace Cluster.Dataplane.Linux.Bpf;

/// <summary>
/// A program attached to a cgroup or a network namespace. Undone when its last descriptor and pin are gone, so that nothing is left
/// by a process that dies, and nothing is missed after one that had pinned it.
/// </summary>
internal sealed unsafe class BpfLink : BpfObject
{
    private BpfLink(int descriptor)
        : base(descriptor)
    {
    }

    public uint Id => ReadFacts<Facts>().Id;

    /// <summary>The program it runs.</summary>
    public uint ProgramId => ReadFacts<Facts>().ProgramId;

    /// <summary>The cgroup it is attached to: the number of the cgroup folder's inode; 0 once that is gone. Of cgroup links alone.</summary>
    public ulong CgroupId => ReadFacts<Facts>().Target;

    /// <summary>The network namespace it is attached to: the number of its inode. Of namespace links alone.</summary>
    public uint NetNamespaceInode => (uint)ReadFacts<Facts>().Target;

    /// <param name="program">What to run.</param>
    /// <param name="target">An open descriptor of the cgroup's folder or of the network namespace.</param>
    /// <param name="attachType">Where to run it.</param>
    /// <exception cref="BpfException">The kernel refused.</exception>
    public static BpfLink Attach(BpfProgram program, SafeHandle target, BpfAttachType attachType)
    {
        var attribute = new CreateAttribute
        {
            Program = (uint)program.Descriptor,
            Target = (uint)(int)target.DangerousGetHandle(),
            AttachType = attachType,
        };
        return new BpfLink(BpfSystem.Call(BpfCommand.BPF_LINK_CREATE, ref attribute, $"{attachType}"));
    }

    /// <summary>The link pinned at a path; null where there is none.</summary>
    public static BpfLink? Open(string path) => OpenPinned(path) is var descriptor and >= 0 ? new BpfLink(descriptor) : null;

    /// <summary>The ids of every link in the kernel, whoever made them.</summary>
    public static List<uint> AllIds()
    {
        var found = new List<uint>();
        var attribute = default(IdAttribute);
        while (true)
        {
            if (BpfSystem.Try(BpfCommand.BPF_LINK_GET_NEXT_ID, ref attribute, out var error) < 0)
                return error == Errno.ENOENT ? found : throw new BpfException(error, $"{BpfCommand.BPF_LINK_GET_NEXT_ID}");
            found.Add(attribute.Next);
            attribute.Id = attribute.Next;
        }
    }

    /// <summary>A descriptor of a link of anyone's; null where it has gone.</summary>
    public static BpfLink? OfId(uint id)
    {
        var attribute = new IdAttribute { Id = id };
        var descriptor = BpfSystem.Try(BpfCommand.BPF_LINK_GET_FD_BY_ID, ref attribute, out var error);
        if (descriptor >= 0) return new BpfLink(descriptor);
        return error == Errno.ENOENT ? null : throw new BpfException(error, $"{BpfCommand.BPF_LINK_GET_FD_BY_ID} ({id})");
    }

    /// <summary>Runs another program from now on, without a moment of neither.</summary>
    public void Replace(BpfProgram program)
    {
        var attribute = new UpdateAttribute { Link = (uint)Descriptor, Program = (uint)program.Descriptor };
        BpfSystem.Call(BpfCommand.BPF_LINK_UPDATE, ref attribute);
    }

    /// <summary>Stops running the program at once, whoever else holds the link.</summary>
    public void Detach()
    {
        var attribute = new UpdateAttribute { Link = (uint)Descriptor };
        BpfSystem.Call(BpfCommand.BPF_LINK_DETACH, ref attribute);
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct CreateAttribute
    {
        public uint Program;
        public uint Target;
        public BpfAttachType AttachType;
        public uint Flags;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct UpdateAttribute
    {
        public uint Link;
        public uint Program;
        public uint Flags;
        public uint OldProgram;
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct IdAttribute
    {
        public uint Id;
        public uint Next;
        public uint Flags;
    }

    // The beginning of struct bpf_link_info; the target is cgroup_id (64 bits) or netns_ino (32 bits).
    [StructLayout(LayoutKind.Sequential)]
    private struct Facts
    {
        public uint Type;
        public uint Id;
        public uint ProgramId;
        public uint Padding;
        public ulong Target;
        public ulong More;
    }
}

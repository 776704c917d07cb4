using System.Runtime.InteropServices;
using System.Text;

namespace Cluster.Dataplane.Linux.Bpf;

/// <summary>A program that the kernel has verified and loaded.</summary>
internal sealed unsafe class BpfProgram : BpfObject
{
    private const int NameBytes = 16;
    private const uint LogErrors = 1;
    private const int LogBytes = 1 << 20;

    private BpfProgram(int descriptor)
        : base(descriptor)
    {
    }

    public uint Id => ReadFacts<Facts>().Id;

    /// <param name="name">At most 15 letters, digits or underscores; shown by tools.</param>
    /// <param name="type">What it may do.</param>
    /// <param name="attachType">Where it will be attached.</param>
    /// <param name="code">Its instructions.</param>
    /// <exception cref="BpfException">Not permitted, or the verifier refused: then its log is in the exception.</exception>
    public static BpfProgram Load(string name, BpfProgramType type, BpfAttachType attachType, BpfAssembler code)
    {
        var instructions = code.Assemble();
        fixed (ulong* pointer = instructions)
        fixed (byte* license = "\0"u8)
        {
            var attribute = new LoadAttribute
            {
                Type = type,
                AttachType = attachType,
                InstructionCount = (uint)instructions.Length,
                Instructions = (ulong)pointer,
                License = (ulong)license,
            };
            Encoding.ASCII.GetBytes(name, new Span<byte>(attribute.Name, NameBytes - 1));
            var descriptor = BpfSystem.Try(BpfCommand.BPF_PROG_LOAD, ref attribute, out var error);
            return descriptor >= 0 ? new BpfProgram(descriptor) : throw Refused(name, attribute, error);
        }
    }

    // The log costs time and memory, so that it is only asked for when there is something to tell.
    private static BpfException Refused(string name, LoadAttribute attribute, int error)
    {
        var log = new byte[LogBytes];
        fixed (byte* pointer = log)
        {
            attribute.LogLevel = LogErrors;
            attribute.Log = (ulong)pointer;
            attribute.LogLength = LogBytes;
            var descriptor = BpfSystem.Try(BpfCommand.BPF_PROG_LOAD, ref attribute, out var second);
            if (descriptor >= 0) SocketCalls.Close(descriptor);
            else if (second != Errno.ENOSPC) error = second;
        }

        var length = Array.IndexOf(log, (byte)0);
        return new BpfException(error, $"{BpfCommand.BPF_PROG_LOAD} ({name})", Encoding.UTF8.GetString(log, 0, Math.Max(length, 0)).TrimEnd());
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct LoadAttribute
    {
        public BpfProgramType Type;
        public uint InstructionCount;
        public ulong Instructions;
        public ulong License;
        public uint LogLevel;
        public uint LogLength;
        public ulong Log;
        public uint KernelVersion;
        public uint Flags;
        public fixed byte Name[NameBytes];
        public uint InterfaceIndex;
        public BpfAttachType AttachType;
    }

    // The beginning of struct bpf_prog_info.
    [StructLayout(LayoutKind.Sequential)]
    private struct Facts
    {
        public uint Type;
        public uint Id;
    }
}

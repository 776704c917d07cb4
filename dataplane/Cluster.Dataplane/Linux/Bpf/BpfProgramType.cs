namespace Cluster.Dataplane.Linux.Bpf;

/// <summary>Kinds of programs (linux/bpf.h, <c>enum bpf_prog_type</c>).</summary>
internal enum BpfProgramType : uint
{
    CgroupSocket = 9,
    SocketOperations = 13,
    CgroupSocketAddress = 18,
    SocketLookup = 30,
}

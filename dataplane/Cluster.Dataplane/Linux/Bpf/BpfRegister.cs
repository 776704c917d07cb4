namespace Cluster.Dataplane.Linux.Bpf;

/// <summary>
/// Registers of the BPF machine: R0 takes results, R1 to R5 arguments (lost by a call), R6 to R9 live across calls, R10 is the end of
/// the 512 bytes of stack and can't be written.
/// </summary>
internal enum BpfRegister : byte
{
    R0,
    R1,
    R2,
    R3,
    R4,
    R5,
    R6,
    R7,
    R8,
    R9,
    R10,
}

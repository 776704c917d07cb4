namespace Cluster.Dataplane.Linux.Bpf;

/// <summary>How much a load or store moves. The value is the instruction's size field.</summary>
internal enum BpfWidth : byte
{
    Word = 0x00,
    Half = 0x08,
    Byte = 0x10,
    Double = 0x18,
}

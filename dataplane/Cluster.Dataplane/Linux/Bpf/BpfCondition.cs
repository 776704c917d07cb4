namespace Cluster.Dataplane.Linux.Bpf;

/// <summary>Conditions of jumps, unsigned unless named otherwise. The value is the instruction's operation field.</summary>
internal enum BpfCondition : byte
{
    Equal = 0x10,
    Greater = 0x20,
    GreaterOrEqual = 0x30,

    /// <summary>Any bit of the operand is set.</summary>
    AnyBit = 0x40,
    NotEqual = 0x50,
    SignedGreater = 0x60,
    SignedGreaterOrEqual = 0x70,
    Less = 0xa0,
    LessOrEqual = 0xb0,
}

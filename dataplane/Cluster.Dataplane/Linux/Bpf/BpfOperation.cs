namespace Cluster.Dataplane.Linux.Bpf;

/// <summary>Arithmetic. The value is the instruction's operation field. Dividing by zero gives 0, modulo zero leaves the operand.</summary>
internal enum BpfOperation : byte
{
    Add = 0x00,
    Subtract = 0x10,
    Multiply = 0x20,
    Divide = 0x30,
    Or = 0x40,
    And = 0x50,
    ShiftLeft = 0x60,
    ShiftRight = 0x70,
    Modulo = 0x90,
    Xor = 0xa0,
}

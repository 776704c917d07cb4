using System.Runtime.InteropServices;

namespace Cluster.Dataplane.Linux.Bpf;

/// <summary>Writes a program for the kernel's BPF machine, one instruction a call; jumps go to labels. Used once, by one thread.</summary>
/// <remarks>
/// An instruction is 64 bits: opcode, destination and source register, a 16-bit offset (jumps and memory) and a 32-bit immediate
/// (Documentation/bpf/standardization). Written for little-endian machines.
/// </remarks>
internal sealed class BpfAssembler
{
    private const byte ClassLoad = 0x00;
    private const byte ClassLoadMemory = 0x01;
    private const byte ClassStoreImmediate = 0x02;
    private const byte ClassStore = 0x03;
    private const byte ClassArithmetic32 = 0x04;
    private const byte ClassJump = 0x05;
    private const byte ClassJump32 = 0x06;
    private const byte ClassArithmetic64 = 0x07;
    private const byte ModeMemory = 0x60;
    private const byte ModeAtomic = 0xc0;
    private const byte SourceRegister = 0x08;
    private const byte OperationMove = 0xb0;
    private const byte OperationEndian = 0xd0;
    private const byte OperationCall = 0x80;
    private const byte OperationExit = 0x90;
    private const int AtomicFetch = 0x01;
    private const byte PseudoMap = 1;

    private readonly List<ulong> _code = [];
    private readonly Dictionary<string, int> _labels = [];
    private readonly List<(int Place, string Label)> _jumps = [];
    private int _unique;

    /// <summary>A label that no other call has given.</summary>
    public string NewLabel(string prefix) => $"{prefix}.{_unique++}";

    /// <summary>Names the next instruction.</summary>
    public void Label(string name) => _labels.Add(name, _code.Count);

    public void Move(BpfRegister to, BpfRegister from) => Emit(ClassArithmetic64 | OperationMove | SourceRegister, to, from, 0, 0);

    /// <summary>Sets a register to a number, its sign extended to 64 bits.</summary>
    public void Move(BpfRegister to, int value) => Emit(ClassArithmetic64 | OperationMove, to, 0, 0, value);

    /// <summary>Keeps the low 32 bits alone.</summary>
    public void Move32(BpfRegister to, BpfRegister from) => Emit(ClassArithmetic32 | OperationMove | SourceRegister, to, from, 0, 0);

    public void MoveWide(BpfRegister to, ulong value) => EmitWide(to, 0, value);

    /// <summary>Points a register to a map, the first argument of the map helpers.</summary>
    public void MoveMap(BpfRegister to, BpfMap map) => EmitWide(to, PseudoMap, (uint)map.Descriptor);

    public void Do(BpfOperation operation, BpfRegister to, BpfRegister with) => Emit((byte)(ClassArithmetic64 | (byte)operation | SourceRegister), to, with, 0, 0);

    public void Do(BpfOperation operation, BpfRegister to, int with) => Emit((byte)(ClassArithmetic64 | (byte)operation), to, 0, 0, with);

    /// <summary>In 32 bits; the upper half becomes zero.</summary>
    public void Do32(BpfOperation operation, BpfRegister to, BpfRegister with) => Emit((byte)(ClassArithmetic32 | (byte)operation | SourceRegister), to, with, 0, 0);

    /// <summary>In 32 bits; the upper half becomes zero.</summary>
    public void Do32(BpfOperation operation, BpfRegister to, int with) => Emit((byte)(ClassArithmetic32 | (byte)operation), to, 0, 0, with);

    /// <summary>Turns network byte order into the machine's and back: 16, 32 or 64 bits; what is above becomes zero.</summary>
    public void SwapBytes(BpfRegister register, int bits) => Emit(ClassArithmetic32 | OperationEndian | SourceRegister, register, 0, 0, bits);

    public void Load(BpfRegister to, BpfRegister address, int offset, BpfWidth width) => Emit((byte)(ClassLoadMemory | ModeMemory | (byte)width), to, address, offset, 0);

    public void Store(BpfRegister address, int offset, BpfRegister value, BpfWidth width) => Emit((byte)(ClassStore | ModeMemory | (byte)width), address, value, offset, 0);

    public void Store(BpfRegister address, int offset, int value, BpfWidth width) => Emit((byte)(ClassStoreImmediate | ModeMemory | (byte)width), address, 0, offset, value);

    /// <summary>Adds to memory shared with others: <see cref="BpfWidth.Word"/> or <see cref="BpfWidth.Double"/>.</summary>
    public void AtomicAdd(BpfRegister address, int offset, BpfRegister value, BpfWidth width) => Emit((byte)(ClassStore | ModeAtomic | (byte)width), address, value, offset, 0);

    /// <summary>Adds to memory shared with others; the register gets what was there before.</summary>
    public void AtomicFetchAdd(BpfRegister address, int offset, BpfRegister value, BpfWidth width) =>
        Emit((byte)(ClassStore | ModeAtomic | (byte)width), address, value, offset, AtomicFetch);

    public void Jump(string label) => EmitJump(ClassJump, 0, 0, 0, label);

    public void JumpIf(BpfRegister left, BpfCondition condition, BpfRegister right, string label) =>
        EmitJump((byte)(ClassJump | (byte)condition | SourceRegister), left, right, 0, label);

    public void JumpIf(BpfRegister left, BpfCondition condition, int right, string label) => EmitJump((byte)(ClassJump | (byte)condition), left, 0, right, label);

    /// <summary>Compares the low 32 bits.</summary>
    public void JumpIf32(BpfRegister left, BpfCondition condition, BpfRegister right, string label) =>
        EmitJump((byte)(ClassJump32 | (byte)condition | SourceRegister), left, right, 0, label);

    /// <summary>Compares the low 32 bits, so that numbers of 32 bits need no sign.</summary>
    public void JumpIf32(BpfRegister left, BpfCondition condition, int right, string label) => EmitJump((byte)(ClassJump32 | (byte)condition), left, 0, right, label);

    public void Call(BpfHelper helper) => Emit(ClassJump | OperationCall, 0, 0, 0, (int)helper);

    /// <summary>Ends the program; its result is in R0.</summary>
    public void Exit() => Emit(ClassJump | OperationExit, 0, 0, 0, 0);

    /// <summary>Ends the program with a result.</summary>
    public void Exit(int result)
    {
        Move(BpfRegister.R0, result);
        Exit();
    }

    /// <summary>The instructions, jumps resolved.</summary>
    /// <exception cref="InvalidOperationException">A jump goes to a label that was never set.</exception>
    public ulong[] Assemble()
    {
        var code = _code.ToArray();
        foreach (var (place, label) in _jumps)
        {
            if (!_labels.TryGetValue(label, out var target)) throw new InvalidOperationException($"Label {label} is not set");
            // Counted from the instruction after the jump.
            code[place] |= (ulong)(ushort)checked((short)(target - place - 1)) << 16;
        }

        return code;
    }

    private void EmitJump(byte opcode, BpfRegister left, BpfRegister right, int immediate, string label)
    {
        _jumps.Add((_code.Count, label));
        Emit(opcode, left, right, 0, immediate);
    }

    private void EmitWide(BpfRegister to, byte source, ulong value)
    {
        Emit((byte)(ClassLoad | (byte)BpfWidth.Double), to, (BpfRegister)source, 0, (int)value);
        _code.Add((value >> 32) << 32);
    }

    private void Emit(byte opcode, BpfRegister to, BpfRegister from, int offset, int immediate) =>
        _code.Add(opcode | ((ulong)to << 8) | ((ulong)from << 12) | ((ulong)(ushort)checked((short)offset) << 16) | ((ulong)(uint)immediate << 32));
}

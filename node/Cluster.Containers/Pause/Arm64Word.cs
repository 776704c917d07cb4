namespace Cluster.Containers.Pause;

/// <summary>The few A64 instructions the pause program needs. Branch distances are in instructions.</summary>
internal static class Arm64Word
{
    public const uint Equal = 0;
    public const uint NotEqual = 1;
    public const uint Greater = 12;

    /// <summary>svc #0</summary>
    public const uint SystemCall = 0xD4000001;

    /// <summary>str x0, [sp, #-16]!</summary>
    public const uint PushX0 = 0xF81F0FE0;

    /// <summary>movn x0, #0</summary>
    public const uint MoveMinusOneToX0 = 0x92800000;

    /// <summary>movz</summary>
    public static uint Move(uint register, uint value) => 0xD2800000 | value << 5 | register;

    /// <summary>movk, lsl 16</summary>
    public static uint MoveHigh(uint register, uint value) => 0xF2A00000 | value << 5 | register;

    /// <summary>add register, sp, #0</summary>
    public static uint StackPointerTo(uint register) => 0x910003E0 | register;

    /// <summary>subs xzr, x0, #value</summary>
    public static uint CompareX0(uint value) => 0xF100001F | value << 10;

    /// <summary>b.condition</summary>
    public static uint BranchIf(uint condition, int distance) => 0x54000000 | ((uint)distance & 0x7FFFF) << 5 | condition;

    /// <summary>b</summary>
    public static uint Branch(int distance) => 0x14000000 | (uint)distance & 0x3FFFFFF;
}

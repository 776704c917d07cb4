using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Cluster.Containers.Pause;

/// <summary>
/// The pause program: block TERM, INT and CHLD, wait for one of them for ever, reap every dead child on CHLD, exit 0 on the
/// other two. As PID 1 a default action would be ignored, so a program that only sleeps would take the whole grace to stop.
/// </summary>
internal static class PauseProgram
{
    // TERM (15), INT (2) and CHLD (17), bit signal - 1 each.
    private const int SignalSet = 1 << 14 | 1 << 1 | 1 << 16;

    /// <exception cref="PlatformNotSupportedException">Neither amd64 nor arm64.</exception>
    public static byte[] Build(Architecture architecture) => architecture switch
    {
        Architecture.X64 => PauseElf.Build(62, Amd64()),
        Architecture.Arm64 => PauseElf.Build(183, Arm64()),
        _ => throw new PlatformNotSupportedException($"no pause program for {architecture}: amd64 and arm64 only"),
    };

    private static byte[] Amd64() =>
    [
        0x68, SignalSet & 0xFF, SignalSet >> 8 & 0xFF, SignalSet >> 16, 0, // push set; rsp is its address from here on
        0x31, 0xFF, // xor edi, edi (SIG_BLOCK)
        0x48, 0x89, 0xE6, // mov rsi, rsp
        0x31, 0xD2, // xor edx, edx
        0x41, 0xBA, 8, 0, 0, 0, // mov r10d, 8
        0xB8, 14, 0, 0, 0, // mov eax, rt_sigprocmask
        0x0F, 0x05, // syscall
        // wait (offset 25):
        0x48, 0x89, 0xE7, // mov rdi, rsp
        0x31, 0xF6, // xor esi, esi
        0x31, 0xD2, // xor edx, edx
        0x41, 0xBA, 8, 0, 0, 0, // mov r10d, 8
        0xB8, 128, 0, 0, 0, // mov eax, rt_sigtimedwait
        0x0F, 0x05, // syscall
        0x83, 0xF8, 17, // cmp eax, CHLD
        0x74, 19, // je reap
        0x83, 0xF8, 15, // cmp eax, TERM
        0x74, 5, // je exit
        0x83, 0xF8, 2, // cmp eax, INT
        0x75, 0xDD, // jne wait
        // exit (offset 60):
        0x31, 0xFF, // xor edi, edi
        0xB8, 231, 0, 0, 0, // mov eax, exit_group
        0x0F, 0x05, // syscall
        // reap (offset 69):
        0x48, 0x83, 0xCF, 0xFF, // or rdi, -1
        0x31, 0xF6, // xor esi, esi
        0xBA, 1, 0, 0, 0, // mov edx, WNOHANG
        0x45, 0x31, 0xD2, // xor r10d, r10d
        0xB8, 61, 0, 0, 0, // mov eax, wait4
        0x0F, 0x05, // syscall
        0x85, 0xC0, // test eax, eax
        0x7F, 0xE7, // jg reap
        0xEB, 0xB9, // jmp wait
    ];

    private static byte[] Arm64()
    {
        uint[] words =
        [
            Arm64Word.Move(0, SignalSet & 0xFFFF), Arm64Word.MoveHigh(0, SignalSet >> 16), Arm64Word.PushX0,
            Arm64Word.Move(0, 0), Arm64Word.StackPointerTo(1), Arm64Word.Move(2, 0), Arm64Word.Move(3, 8),
            Arm64Word.Move(8, 135), Arm64Word.SystemCall, // rt_sigprocmask
            // wait (word 9):
            Arm64Word.StackPointerTo(0), Arm64Word.Move(1, 0), Arm64Word.Move(2, 0), Arm64Word.Move(3, 8),
            Arm64Word.Move(8, 137), Arm64Word.SystemCall, // rt_sigtimedwait
            Arm64Word.CompareX0(17), Arm64Word.BranchIf(Arm64Word.Equal, 8), // to reap
            Arm64Word.CompareX0(15), Arm64Word.BranchIf(Arm64Word.Equal, 3), // to exit
            Arm64Word.CompareX0(2), Arm64Word.BranchIf(Arm64Word.NotEqual, -11), // to wait
            // exit (word 21):
            Arm64Word.Move(0, 0), Arm64Word.Move(8, 94), Arm64Word.SystemCall, // exit_group
            // reap (word 24):
            Arm64Word.MoveMinusOneToX0, Arm64Word.Move(1, 0), Arm64Word.Move(2, 1), Arm64Word.Move(3, 0),
            Arm64Word.Move(8, 260), Arm64Word.SystemCall, // wait4, WNOHANG
            Arm64Word.CompareX0(0), Arm64Word.BranchIf(Arm64Word.Greater, -7), // to reap
            Arm64Word.Branch(-23), // to wait
        ];
        var code = new byte[words.Length * 4];
        for (var index = 0; index < words.Length; index++) BinaryPrimitives.WriteUInt32LittleEndian(code.AsSpan(index * 4), words[index]);
        return code;
    }
}

using System.Buffers.Binary;
using System.Diagnostics;
using System.Runtime.InteropServices;
using Cluster.Containers.Pause;

namespace Cluster.Containers.Tests.Pause;

public sealed class PauseElfTests
{
    [Theory]
    [InlineData(Architecture.X64, 62)]
    [InlineData(Architecture.Arm64, 183)]
    public void Build_ForArchitecture_IsAnExecutableWhoseEntryIsItsCode(Architecture architecture, int machine)
    {
        var file = PauseProgram.Build(architecture);

        Assert.Equal([0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1], file[..7]);
        Assert.Equal(machine, BinaryPrimitives.ReadUInt16LittleEndian(file.AsSpan(18)));
        Assert.Equal(0x400000ul + 120, BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(24)));
        Assert.Equal((ulong)file.Length, BinaryPrimitives.ReadUInt64LittleEndian(file.AsSpan(64 + 32)));
    }

    // Checked once by reading them back with Go's arm64 disassembler, for the machines that build this can't run them.
    [Fact]
    public void Build_ForArm64_HoldsTheCheckedWords()
    {
        uint[] expected =
        [
            0xD2880040, 0xF2A00020, 0xF81F0FE0, 0xD2800000, 0x910003E1, 0xD2800002, 0xD2800103, 0xD28010E8, 0xD4000001,
            0x910003E0, 0xD2800001, 0xD2800002, 0xD2800103, 0xD2801128, 0xD4000001,
            0xF100441F, 0x54000100, 0xF1003C1F, 0x54000060, 0xF100081F, 0x54FFFEA1,
            0xD2800000, 0xD2800BC8, 0xD4000001,
            0x92800000, 0xD2800001, 0xD2800022, 0xD2800003, 0xD2802088, 0xD4000001, 0xF100001F, 0x54FFFF2C, 0x17FFFFE9,
        ];

        var code = PauseProgram.Build(Architecture.Arm64).AsSpan(120);

        Assert.Equal(expected, MemoryMarshal.Cast<byte, uint>(code).ToArray());
    }

    [Fact]
    public async Task Build_ForThisMachine_RunsUntilTermAndExitsZero()
    {
        if (RuntimeInformation.OSArchitecture is not (Architecture.X64 or Architecture.Arm64)) Assert.Skip("no pause program for this architecture");
        var path = Path.Combine(Path.GetTempPath(), $"pause-{Guid.NewGuid():N}");
        await File.WriteAllBytesAsync(path, PauseProgram.Build(RuntimeInformation.OSArchitecture));
        File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserExecute);
        try
        {
            using var pause = Process.Start(path);
            await Task.Delay(50);
            Assert.False(pause.HasExited);
            using var kill = Process.Start("kill", ["-TERM", pause.Id.ToString()]);
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(10));
            await pause.WaitForExitAsync(limit.Token);
            Assert.Equal(0, pause.ExitCode);
        }
        finally
        {
            File.Delete(path);
        }
    }
}

using System.Buffers.Binary;

namespace Cluster.Containers.Pause;

/// <summary>Wraps machine code in the smallest ELF executable the kernel starts: one header, one segment, the code.</summary>
internal static class PauseElf
{
    private const ushort HeaderSize = 64;
    private const ushort ProgramHeaderSize = 56;
    private const ulong LoadAddress = 0x400000;
    private const ushort Executable = 2;
    private const uint LoadSegment = 1;
    private const uint ReadAndExecute = 5;

    // arm64 kernels may use 64 KiB pages, and a segment's alignment must be a multiple of the page.
    private const ulong Alignment = 0x10000;

    /// <param name="machine">The e_machine number: 62 for x86-64, 183 for arm64.</param>
    public static byte[] Build(ushort machine, ReadOnlySpan<byte> code)
    {
        var file = new byte[HeaderSize + ProgramHeaderSize + code.Length];
        WriteHeader(file, machine);
        WriteProgramHeader(file.AsSpan(HeaderSize), (ulong)file.Length);
        code.CopyTo(file.AsSpan(HeaderSize + ProgramHeaderSize));
        return file;
    }

    private static void WriteHeader(Span<byte> file, ushort machine)
    {
        // 0x7F "ELF", 64-bit, little-endian, version 1, System V.
        ReadOnlySpan<byte> identification = [0x7F, (byte)'E', (byte)'L', (byte)'F', 2, 1, 1, 0];
        identification.CopyTo(file);
        BinaryPrimitives.WriteUInt16LittleEndian(file[16..], Executable);
        BinaryPrimitives.WriteUInt16LittleEndian(file[18..], machine);
        BinaryPrimitives.WriteUInt32LittleEndian(file[20..], 1);
        BinaryPrimitives.WriteUInt64LittleEndian(file[24..], LoadAddress + HeaderSize + ProgramHeaderSize);
        BinaryPrimitives.WriteUInt64LittleEndian(file[32..], HeaderSize);
        BinaryPrimitives.WriteUInt16LittleEndian(file[52..], HeaderSize);
        BinaryPrimitives.WriteUInt16LittleEndian(file[54..], ProgramHeaderSize);
        BinaryPrimitives.WriteUInt16LittleEndian(file[56..], 1);
        // No sections, but their entry size must be sane for tools that look.
        BinaryPrimitives.WriteUInt16LittleEndian(file[58..], 64);
    }

    private static void WriteProgramHeader(Span<byte> header, ulong fileSize)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(header, LoadSegment);
        BinaryPrimitives.WriteUInt32LittleEndian(header[4..], ReadAndExecute);
        BinaryPrimitives.WriteUInt64LittleEndian(header[16..], LoadAddress);
        BinaryPrimitives.WriteUInt64LittleEndian(header[24..], LoadAddress);
        BinaryPrimitives.WriteUInt64LittleEndian(header[32..], fileSize);
        BinaryPrimitives.WriteUInt64LittleEndian(header[40..], fileSize);
        BinaryPrimitives.WriteUInt64LittleEndian(header[48..], Alignment);
    }
}

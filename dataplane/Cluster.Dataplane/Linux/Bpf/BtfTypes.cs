using System.Buffers.Binary;
using System.Runtime.InteropServices;

namespace Cluster.Dataplane.Linux.Bpf;

/// <summary>
/// Type descriptions (BTF), which the kernel demands for socket storage: a key of 32 bits and a value of so many bytes. Nothing
/// reads them, so that a value is an array of bytes whatever it means.
/// </summary>
internal sealed unsafe class BtfTypes : BpfObject
{
    /// <summary>The id of the key's type.</summary>
    public const uint Key = 1;

    /// <summary>The id of the value's type.</summary>
    public const uint Value = 3;

    private const int HeaderBytes = 24;
    private const uint BTF_KIND_INT = 1 << 24;
    private const uint BTF_KIND_ARRAY = 3 << 24;
    private const uint BTF_INT_SIGNED = 1 << 24;

    private BtfTypes(int descriptor)
        : base(descriptor)
    {
    }

    /// <exception cref="BpfException">The kernel refused.</exception>
    public static BtfTypes ForSocketStorage(int valueBytes)
    {
        // Names: "", "int", "char". Types: [1] int, [2] char, [3] char[valueBytes]; each is name, kind, size or 0, and its own words.
        ReadOnlySpan<byte> names = "\0int\0char\0"u8;
        ReadOnlySpan<uint> types =
        [
            1, BTF_KIND_INT, 4, BTF_INT_SIGNED | 32,
            5, BTF_KIND_INT, 1, 8,
            0, BTF_KIND_ARRAY, 0, 2, 1, (uint)valueBytes,
        ];
        var typeBytes = MemoryMarshal.AsBytes(types);
        var blob = new byte[HeaderBytes + typeBytes.Length + names.Length];
        WriteHeader(blob, typeBytes.Length, names.Length);
        typeBytes.CopyTo(blob.AsSpan(HeaderBytes));
        names.CopyTo(blob.AsSpan(HeaderBytes + typeBytes.Length));
        fixed (byte* pointer = blob)
        {
            var attribute = new LoadAttribute { Btf = (ulong)pointer, Length = (uint)blob.Length };
            return new BtfTypes(BpfSystem.Call(BpfCommand.BPF_BTF_LOAD, ref attribute));
        }
    }

    // struct btf_header: magic, version 1, flags, its own length, then offset and length of types and of names.
    private static void WriteHeader(Span<byte> header, int typeBytes, int nameBytes)
    {
        BinaryPrimitives.WriteUInt16LittleEndian(header, 0xeb9f);
        header[2] = 1;
        BinaryPrimitives.WriteInt32LittleEndian(header[4..], HeaderBytes);
        BinaryPrimitives.WriteInt32LittleEndian(header[12..], typeBytes);
        BinaryPrimitives.WriteInt32LittleEndian(header[16..], typeBytes);
        BinaryPrimitives.WriteInt32LittleEndian(header[20..], nameBytes);
    }

    [StructLayout(LayoutKind.Sequential)]
    private struct LoadAttribute
    {
        public ulong Btf;
        public ulong Log;
        public uint Length;
        public uint LogLength;
        public uint LogLevel;
    }
}

using System.Buffers.Binary;
using System.Net;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace Cluster.Dataplane.Linux.Nftables.Messages;

/// <summary>Writes netlink messages and their attributes, which may stand in one another, into memory that grows. Numbers are big-endian, as nf_tables has them.</summary>
/// <remarks>
/// The memory is not the runtime's: a first table takes some megabytes for a moment, which the system is to have back at once. What is called
/// for each attribute is compiled well at once, because a table is written at the start of its process.
/// </remarks>
internal sealed unsafe class NetlinkBuffer : IDisposable
{
    private const int HeaderBytes = 16;
    private const ushort NLA_F_NESTED = 0x8000;

    private byte* _memory;
    private int _capacity;
    private int _length;

    ~NetlinkBuffer() => Free();

    public ReadOnlySpan<byte> Bytes => Written;

    private Span<byte> Written => new(_memory, _length);

    public void Clear() => _length = 0;

    public void Dispose()
    {
        Free();
        GC.SuppressFinalize(this);
    }

    /// <summary>Begins a message of netfilter: netlink's header and struct nfgenmsg. To be ended by <see cref="EndMessage"/>.</summary>
    public int BeginMessage(ushort type, ushort flags, uint sequence, byte family, ushort resource)
    {
        var start = _length;
        var header = Take(HeaderBytes + 4);
        MemoryMarshal.Write(header[4..], type);
        MemoryMarshal.Write(header[6..], flags);
        MemoryMarshal.Write(header[8..], sequence);
        header[HeaderBytes] = family;
        BinaryPrimitives.WriteUInt16BigEndian(header[(HeaderBytes + 2)..], resource);
        return start;
    }

    public void EndMessage(int start) => MemoryMarshal.Write(Written[start..], _length - start);

    /// <summary>Adds flags to a message that was written.</summary>
    public void AddFlags(int start, ushort flags)
    {
        var place = Written[(start + 6)..];
        MemoryMarshal.Write(place, (ushort)(MemoryMarshal.Read<ushort>(place) | flags));
    }

    /// <summary>Begins an attribute that holds others. To be ended by <see cref="EndNest"/>.</summary>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public int BeginNest(ushort attribute)
    {
        var start = _length;
        MemoryMarshal.Write(Take(4)[2..], (ushort)(attribute | NLA_F_NESTED));
        return start;
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void EndNest(int start)
    {
        // The kernel's attributes have 16 bits for their length.
        MemoryMarshal.Write(Written[start..], checked((ushort)(_length - start)));
    }

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    public void Add(ushort attribute, scoped ReadOnlySpan<byte> value)
    {
        var place = Take(4 + Align(value.Length));
        MemoryMarshal.Write(place, (ushort)(4 + value.Length));
        MemoryMarshal.Write(place[2..], attribute);
        value.CopyTo(place[4..]);
    }

    public void Add(ushort attribute, uint value)
    {
        Span<byte> bytes = stackalloc byte[4];
        BinaryPrimitives.WriteUInt32BigEndian(bytes, value);
        Add(attribute, bytes);
    }

    public void Add(ushort attribute, ulong value)
    {
        Span<byte> bytes = stackalloc byte[8];
        BinaryPrimitives.WriteUInt64BigEndian(bytes, value);
        Add(attribute, bytes);
    }

    /// <summary>A string with the zero at its end.</summary>
    public void Add(ushort attribute, string value)
    {
        Span<byte> bytes = stackalloc byte[value.Length + 1];
        Encoding.ASCII.GetBytes(value, bytes);
        bytes[^1] = 0;
        Add(attribute, bytes);
    }

    /// <summary>What another one holds, as it stands.</summary>
    public void Append(ReadOnlySpan<byte> bytes) => bytes.CopyTo(Take(bytes.Length));

    private static int Align(int length) => (length + 3) & ~3;

    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private Span<byte> Take(int count)
    {
        if (_length + count > _capacity) Grow(_length + count);
        var taken = new Span<byte>(_memory + _length, count);
        taken.Clear();
        _length += count;
        return taken;
    }

    private void Grow(int least)
    {
        const int first = 1024;
        var capacity = Math.Max(Math.Max(_capacity * 2, first), least);
        _memory = (byte*)NativeMemory.Realloc(_memory, (nuint)capacity);
        _capacity = capacity;
    }

    private void Free()
    {
        NativeMemory.Free(_memory);
        _memory = null;
        _capacity = 0;
        _length = 0;
    }
}

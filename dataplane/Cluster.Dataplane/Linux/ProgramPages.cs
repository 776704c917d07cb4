using System.Buffers.Binary;
using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Cluster.Dataplane.Linux;

/// <summary>
/// The pages of the running program and its libraries that stand in files: code and constants. What only the start used stays resident until
/// the machine is short of memory, and counts against a container's neighbours. Layout by System V's ELF-64 (elf(5)), mappings by proc(5).
/// </summary>
public static partial class ProgramPages
{
    private const int MADV_DONTNEED = 4;
    private const int LoadSegment = 1;
    private const uint Writable = 2;

    /// <summary>Of an entry of /proc/self/pagemap: the page is resident and a file's.</summary>
    private const ulong OfFile = 1ul << 61;

    private const int HeaderBytes = 64;
    private const int EntryBytes = 56;

    /// <summary>
    /// Lets go of every such page; one that is used again comes back from the page cache. Only segments that no program header calls writable
    /// are touched, and in these only pages that are the file's still: the runtime writes at its start into one of its constants, the value by
    /// which methods find their stack frames whole. Any thread, at any time.
    /// </summary>
    /// <returns>
    /// Bytes let go of; 0 where /proc can't be read, and in a program that is compiled as it runs: such a process did not survive it, for its
    /// runtime writes into code of its own.
    /// </returns>
    public static long Release()
    {
        if (RuntimeFeature.IsDynamicCodeSupported) return 0;
        try
        {
            using var pages = File.OpenHandle("/proc/self/pagemap");
            return Release(File.ReadAllLines("/proc/self/maps"), pages);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            return 0;
        }
    }

    private static long Release(string[] lines, SafeFileHandle pages)
    {
        long released = 0;
        string? file = null;
        var segments = new List<(long Start, long End)>();
        foreach (var line in lines)
        {
            if (ReadMapping(line) is not { } mapping) continue;
            if (mapping.Offset == 0)
            {
                file = mapping.File;
                ReadSegments(mapping.Start, mapping.End, segments);
            }

            if (mapping.File == file) released += Release(mapping.Start, mapping.End, segments, pages);
        }

        return released;
    }

    // The part of a mapping that lies in read-only segments: a file that is mapped as data may look like a program and be mapped in part.
    private static long Release(long start, long end, List<(long Start, long End)> segments, SafeFileHandle pages)
    {
        long released = 0;
        foreach (var segment in segments)
        {
            long from = Math.Max(start, segment.Start), length = Math.Min(end, segment.End) - from;
            if (length > 0) released += ReleaseUnwritten(from, length, pages);
        }

        return released;
    }

    // What was written is a page of the process's own in place of the file's, and would be lost.
    private static long ReleaseUnwritten(long start, long length, SafeFileHandle pages)
    {
        long page = Environment.SystemPageSize, released = 0;
        var entries = new ulong[length / page];
        var bytes = MemoryMarshal.AsBytes(entries.AsSpan());
        if (RandomAccess.Read(pages, bytes, start / page * sizeof(ulong)) != bytes.Length) return 0;
        for (var i = 0; i < entries.Length;)
        {
            var first = i;
            while (i < entries.Length && (entries[i] & OfFile) != 0) i++;
            if (i > first && madvise((nint)(start + (first * page)), (nint)((i - first) * page), MADV_DONTNEED) == 0) released += (i - first) * page;
            while (i < entries.Length && (entries[i] & OfFile) == 0) i++;
        }

        return released;
    }

    // "55d0c000-55d0d000 r-xp 00004000 fe:00 1234    /path": private, readable and not writable, of a file; all others are null.
    private static (long Start, long End, long Offset, string File)? ReadMapping(string line)
    {
        var path = line.IndexOf('/', StringComparison.Ordinal);
        var parts = line.Split(' ', 4);
        if (path < 0 || parts.Length < 4 || parts[1] is not ("r--p" or "r-xp")) return null;
        var dash = parts[0].IndexOf('-', StringComparison.Ordinal);
        return (Hex(parts[0].AsSpan(0, dash)), Hex(parts[0].AsSpan(dash + 1)), Hex(parts[2]), line[path..]);
    }

    private static unsafe void ReadSegments(long start, long end, List<(long Start, long End)> segments)
    {
        segments.Clear();
        long page = Environment.SystemPageSize;
        var image = new ReadOnlySpan<byte>((void*)start, (int)Math.Min(end - start, page));
        if (image.Length < HeaderBytes || !image.StartsWith("\u007fELF\u0002\u0001"u8)) return;
        var table = (long)BinaryPrimitives.ReadUInt64LittleEndian(image[32..]);
        int size = BinaryPrimitives.ReadUInt16LittleEndian(image[54..]), count = BinaryPrimitives.ReadUInt16LittleEndian(image[56..]);
        if (size != EntryBytes || table < 0 || table > image.Length - ((long)size * count)) return;
        long? moved = null;
        for (var i = 0; i < count; i++)
        {
            var entry = image.Slice((int)table + (i * size), size);
            if (BinaryPrimitives.ReadInt32LittleEndian(entry) != LoadSegment) continue;
            long address = BinaryPrimitives.ReadInt64LittleEndian(entry[16..]), bytes = BinaryPrimitives.ReadInt64LittleEndian(entry[32..]);
            moved ??= start - (address & -page);
            if ((BinaryPrimitives.ReadUInt32LittleEndian(entry[4..]) & Writable) != 0) continue;
            segments.Add(((moved.Value + address + page - 1) & -page, (moved.Value + address + bytes) & -page));
        }
    }

    private static long Hex(ReadOnlySpan<char> text) => long.Parse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);

    [LibraryImport("libc")]
    private static partial int madvise(nint address, nint length, int advice);
}

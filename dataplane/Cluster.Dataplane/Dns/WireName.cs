using System.Numerics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;

namespace Cluster.Dataplane.Dns;

/// <summary>Names as messages carry them: labels, each behind its length, and a zero at the end (RFC 1035, 3.1).</summary>
internal static class WireName
{
    /// <summary>The longest name, its final zero included.</summary>
    public const int MaxBytes = 255;

    /// <summary>Labels a name can have: each takes two bytes at least.</summary>
    public const int MaxLabels = 127;

    private const int MaxLabelBytes = 63;

    // Clients choose the names that are looked up: a hash they could compute would let them fill one bucket.
    private static readonly ulong Seed = MemoryMarshal.Read<ulong>(RandomNumberGenerator.GetBytes(sizeof(ulong))) | 1;
    private static readonly ulong Factor = MemoryMarshal.Read<ulong>(RandomNumberGenerator.GetBytes(sizeof(ulong))) | 1;

    /// <summary>The bytes of a name written out, without pointers; 0 where there is none.</summary>
    /// <param name="bytes">Where it begins.</param>
    /// <param name="starts">Filled with the offset of each label; room for <see cref="MaxLabels"/>.</param>
    /// <param name="labels">How many there are.</param>
    public static int Measure(ReadOnlySpan<byte> bytes, Span<byte> starts, out int labels)
    {
        labels = 0;
        int position = 0;
        int end = Math.Min(bytes.Length, MaxBytes);
        while (position < end)
        {
            int size = bytes[position];
            if (size == 0) return position + 1;
            if (size > MaxLabelBytes || labels == starts.Length) return 0;
            starts[labels++] = (byte)position;
            position += size + 1;
        }

        return 0;
    }

    /// <summary>Copies a name in lower case. Lengths are at most 63, below 'A': they stay as they are.</summary>
    public static void ToLower(ReadOnlySpan<byte> name, Span<byte> lower)
    {
        int i = 0;
        for (; i + sizeof(ulong) <= name.Length; i += sizeof(ulong))
            MemoryMarshal.Write(lower[i..], Lower(MemoryMarshal.Read<ulong>(name[i..])));
        for (; i < name.Length; i++) lower[i] = name[i] is >= (byte)'A' and <= (byte)'Z' ? (byte)(name[i] | 0x20) : name[i];
    }

    /// <summary>The hash of a name in lower case; another in each process.</summary>
    public static ulong Hash(ReadOnlySpan<byte> lower)
    {
        ulong hash = Seed ^ (ulong)lower.Length;
        while (lower.Length >= sizeof(ulong))
        {
            hash = Mix(hash ^ MemoryMarshal.Read<ulong>(lower));
            lower = lower[sizeof(ulong)..];
        }

        ulong rest = 0;
        foreach (byte value in lower) rest = (rest << 8) | value;
        return Mix(hash ^ rest);
    }

    /// <summary>A name from its text, in lower case; null for a text that no name has.</summary>
    public static byte[]? FromText(string text)
    {
        var name = new byte[MaxBytes];
        int length = 0;
        if (text.EndsWith('.')) text = text[..^1];
        if (text.Length > 0)
        {
            foreach (string label in text.Split('.'))
            {
                if (label.Length is 0 or > MaxLabelBytes || !Ascii.IsValid(label) || length + label.Length + 2 > MaxBytes) return null;
                name[length++] = (byte)label.Length;
                length += Encoding.ASCII.GetBytes(label.ToLowerInvariant(), name.AsSpan(length));
            }
        }

        return name[..(length + 1)];
    }

    /// <summary>A name for people, without its final dot.</summary>
    public static string ToText(ReadOnlySpan<byte> name)
    {
        var text = new StringBuilder(name.Length);
        for (int i = 0; i < name.Length && name[i] > 0; i += name[i] + 1)
            text.Append(i > 0 ? "." : "").Append(Encoding.Latin1.GetString(name.Slice(i + 1, name[i])));
        return text.ToString();
    }

    // Eight letters at once: 0x80 is set in each byte that is in 'A'..'Z', and moved to 0x20, the difference of the cases.
    private static ulong Lower(ulong bytes)
    {
        const ulong Ones = 0x0101_0101_0101_0101;
        ulong seven = bytes & (0x7F * Ones);
        ulong fromA = seven + ((0x80 - 'A') * Ones);
        ulong beyondZ = seven + ((0x7F - 'Z') * Ones);
        return bytes | (((fromA ^ beyondZ) & ~bytes & (0x80 * Ones)) >> 2);
    }

    private static ulong Mix(ulong value)
    {
        ulong high = Math.BigMul(value, Factor, out ulong low);
        return high ^ BitOperations.RotateLeft(low, 23);
    }
}

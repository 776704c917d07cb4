using System.Text;

namespace Cluster.Storage;

/// <summary>The keys that start with a prefix, as bytes: from <see cref="From"/> (inclusive) to <see cref="To"/> (exclusive).</summary>
internal readonly record struct KeyRange(byte[] From, byte[] To)
{
    public static KeyRange OfPrefix(string prefix)
    {
        var from = Encoding.UTF8.GetBytes(prefix);
        return new KeyRange(from, Successor(from));
    }

    /// <summary>The first key after <paramref name="key"/>.</summary>
    public static byte[] After(string key)
    {
        var bytes = new byte[Encoding.UTF8.GetByteCount(key) + 1];
        Encoding.UTF8.GetBytes(key, bytes);
        return bytes;
    }

    // The smallest byte string greater than all that start with the prefix. UTF-8 holds no 0xFF, so 0xFF ends the range of everything.
    private static byte[] Successor(byte[] prefix)
    {
        if (prefix.Length == 0)
            return [0xFF];
        var end = (byte[])prefix.Clone();
        end[^1]++;
        return end;
    }
}

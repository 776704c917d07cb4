using System.Buffers.Binary;
using System.Globalization;
using Cluster.Api;

namespace Cluster.Controllers.Framework;

/// <summary>A short name for a pod template, for the names and labels of what is made from it.</summary>
internal static class TemplateHash
{
    /// <summary>FNV-1a of the template in JSON and of the collision count, in characters that cannot spell a word.</summary>
    public static string Of(ReadOnlySpan<byte> template, int collisions)
    {
        const uint prime = 16777619;
        var hash = 2166136261;
        foreach (var part in template)
        {
            hash = unchecked((hash ^ part) * prime);
        }

        if (collisions > 0)
        {
            Span<byte> count = stackalloc byte[sizeof(long)];
            BinaryPrimitives.WriteInt64LittleEndian(count, collisions);
            foreach (var part in count)
            {
                hash = unchecked((hash ^ part) * prime);
            }
        }

        return Names.SafeEncode(hash.ToString(CultureInfo.InvariantCulture));
    }
}

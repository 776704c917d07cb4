using System.Text;
using Cluster.Api.Json.Fields;

namespace Cluster.Api.Json;

/// <summary>Finds the field of a JSON key among the bytes of the text, without making a string. Keys are case-sensitive.</summary>
internal sealed class FieldTable
{
    /// <summary>Fields a message may have: their bits fit the set of fields seen.</summary>
    private const int MostFields = 128;

    private readonly JsonField[] fields;
    private readonly byte[][] names;
    private readonly short[] buckets;

    public FieldTable(JsonField[] fields)
    {
        if (fields.Length > MostFields)
            throw new NotSupportedException($"{fields.Length} fields in one message");
        this.fields = fields;
        names = [.. fields.Select(field => Encoding.UTF8.GetBytes(field.Name))];
        buckets = new short[BucketCount(fields.Length)];
        Array.Fill(buckets, (short)-1);
        for (short index = 0; index < names.Length; index++)
        {
            var bucket = Hash(names[index]);
            while (buckets[bucket] >= 0)
                bucket = (bucket + 1) & (buckets.Length - 1);
            buckets[bucket] = index;
        }
    }

    public JsonField this[int index] => fields[index];

    /// <summary>The index of the field whose name the reader is on, or -1.</summary>
    public int Find(ref JsonInput input) =>
        input.Reader.ValueIsEscaped ? Find(Encoding.UTF8.GetBytes(input.GetString())) : Find(input.Reader.ValueSpan);

    private int Find(ReadOnlySpan<byte> name)
    {
        for (var bucket = Hash(name); buckets[bucket] is >= 0 and var index; bucket = (bucket + 1) & (buckets.Length - 1))
        {
            if (name.SequenceEqual(names[index]))
                return index;
        }

        return -1;
    }

    // Open addressing, at most a quarter full: names differ mostly in length, first and last letters.
    private static int BucketCount(int fields) => (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)Math.Max(4, fields * 4));

    private int Hash(ReadOnlySpan<byte> name)
    {
        if (name.IsEmpty)
            return 0;
        var hash = (uint)((name.Length * 31) + name[0] + (name[^1] << 3) + (name[name.Length / 2] << 6));
        return (int)((hash * 0x9E3779B1u) >> 8) & (buckets.Length - 1);
    }
}

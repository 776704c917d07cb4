using System.Globalization;

namespace Cluster.Api.Indexes;

/// <summary>Completion indexes as the fields of an indexed job write them: <c>0,2-4,7</c>, ascending. Kept as ranges, for there may be 2^31 of them.</summary>
public sealed class IndexRanges
{
    private readonly List<(int First, int Last)> _ranges = [];

    private IndexRanges()
    {
    }

    /// <summary>How many indexes there are.</summary>
    public long Count { get; private set; }

    /// <param name="text">The ranges; empty: none.</param>
    /// <param name="completions">Each index is below it.</param>
    /// <exception cref="FormatException">The text is something else; the message says what, in Kubernetes' words.</exception>
    public static IndexRanges Parse(string text, int completions)
    {
        var result = new IndexRanges();
        if (text.Length > 0)
        {
            foreach (var fragment in text.Split(','))
            {
                result.Add(fragment, completions);
            }
        }

        return result;
    }

    public bool Contains(int index)
    {
        var place = _ranges.BinarySearch((index, int.MaxValue));
        return (place >= 0 ? place : ~place - 1) is >= 0 and var before && index <= _ranges[before].Last;
    }

    private void Add(string fragment, int completions)
    {
        var ends = fragment.Split('-');
        if (ends.Length > 2)
        {
            throw new FormatException($"the fragment \"{fragment}\" violates the requirement that an index interval can have at most two parts separated by '-'");
        }

        var first = Index(ends[0], completions);
        var last = ends.Length == 1 ? first : Index(ends[1], completions);
        if (ends.Length == 2 && first >= last)
        {
            throw OutOfOrder(first, last);
        }

        if (_ranges.Count > 0 && _ranges[^1].Last >= first)
        {
            throw OutOfOrder(_ranges[^1].Last, first);
        }

        _ranges.Add((first, last));
        Count += (long)last - first + 1;
    }

    private static int Index(string text, int completions)
    {
        if (!long.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var index))
        {
            throw new FormatException($"cannot convert string to integer for index: \"{text}\"");
        }

        return index < completions ? (int)index : throw new FormatException($"too large index: \"{text}\"");
    }

    private static FormatException OutOfOrder(int previous, int current) => new($"non-increasing order, previous: {previous}, current: {current}");
}

using System.Globalization;

namespace Cluster.Api.Custom.Schemas;

/// <summary>Holds a pattern to RE2's bounds of repeats and of nesting, in one pass over it: what it costs to match grows with both.</summary>
internal sealed class PatternRepeats
{
    private const int MostRepeated = 1000;
    private const int MostNested = 1000;

    private readonly Stack<long> _groups = new();
    private long _most = 1;
    private long _last = 1;

    /// <summary>Something that stands for one character.</summary>
    public void Atom() => _last = 1;

    /// <summary>A group begins.</summary>
    /// <exception cref="ArgumentException">Groups nest too deeply.</exception>
    public void Open()
    {
        if (_groups.Count == MostNested)
            throw new ArgumentException("expression nests too deeply");
        _groups.Push(_most);
        (_most, _last) = (1, 1);
    }

    /// <summary>What comes next outside of classes and escapes.</summary>
    /// <param name="rest">The pattern from there.</param>
    /// <exception cref="ArgumentException">A repeat is too large, by itself or multiplied by those within it.</exception>
    public void Take(ReadOnlySpan<char> rest)
    {
        switch (rest[0])
        {
            case '(':
                Open();
                break;
            case ')':
                _last = _most;
                _most = Math.Max(_groups.TryPop(out var outer) ? outer : 1, _last);
                break;
            case '{' when TimesOf(rest) is { } times:
                _last *= Math.Max(times, 1);
                if (times > MostRepeated || _last > MostRepeated)
                    throw new ArgumentException($"invalid repeat count: `{rest[..(rest.IndexOf('}') + 1)]}`");
                _most = Math.Max(_most, _last);
                break;
            case '*' or '+' or '?':
                break;
            default:
                Atom();
                break;
        }
    }

    // Of {2}, {2,} and {2,3}; null: the brace is itself.
    private static int? TimesOf(ReadOnlySpan<char> rest)
    {
        var end = rest.IndexOf('}');
        var body = end < 0 ? [] : rest[1..end];
        var comma = body.IndexOf(',');
        var least = comma < 0 ? body : body[..comma];
        var most = comma < 0 ? body : body[(comma + 1)..];
        if (least.IsEmpty || least.ContainsAnyExceptInRange('0', '9') || most.ContainsAnyExceptInRange('0', '9'))
            return null;
        return int.TryParse(most.IsEmpty ? least : most, NumberStyles.None, CultureInfo.InvariantCulture, out var times) ? times : int.MaxValue;
    }
}

using System.Buffers;
using System.Text;

namespace Cluster.Proxy.Config;

/// <summary>Reads an entry of a list of mappings as most files have them: a field a line, plain or simply quoted values, lists in brackets or a line each.</summary>
/// <remarks>
/// A part of YAML small enough to be sure of: of what it takes it makes the very nodes that <see cref="ConfigNode.Read(TextReader)"/> makes, and whatever else
/// there is, mistakes included, it leaves to that one, which costs thirty times as much.
/// </remarks>
internal ref struct PlainEntry
{
    /// <summary>The format allows 1,024 letters of a key on its line.</summary>
    private const int MaxKeyBytes = 64;

    /// <summary>Deeper than any field needs.</summary>
    private const int MaxDepth = 4;

    private static readonly SearchValues<byte> KeyBytes = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"u8);
    private static readonly SearchValues<byte> PlainBytes = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/-"u8);
    private static readonly SearchValues<byte> QuotedBytes = SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._/-:[]"u8);
    private static readonly SearchValues<byte> CommentBytes = SearchValues.Create(Enumerable.Range(' ', '~' - ' ' + 1).Select(letter => (byte)letter).ToArray());

    private ReadOnlySpan<byte> _rest;
    // The one before the rest, without its end and what was taken of it.
    private ReadOnlySpan<byte> _line;
    private int _number;
    private int _indent;

    private PlainEntry(ReadOnlySpan<byte> text) => _rest = text;

    /// <summary>The mapping that is the entry, with lines counted from its own first one; null where it is not as plain as that.</summary>
    /// <param name="text">Whole lines, from the one with the dash.</param>
    public static ConfigNode? TryRead(ReadOnlySpan<byte> text) => new PlainEntry(text).Entry();

    private ConfigNode? Entry()
    {
        if (!NextLine() || !Take("- "u8)) return null;
        var column = _indent + 2;
        var fields = new List<(ConfigNode, ConfigNode)>();
        var first = _number;
        do
        {
            if (Key() is not { } key || Value(column, out var isNext) is not { } value) return null;
            fields.Add((key, value));
            if (!isNext && !NextLine()) return _rest.IsEmpty ? new ConfigNode(first) { Fields = fields } : null;
        }
        while (_indent == column);
        return null;
    }

    // To the first letter of the next line that has any; false at the end, and where a line is out of the ordinary, which leaves a rest.
    private bool NextLine()
    {
        while (!_rest.IsEmpty)
        {
            var length = _rest.IndexOf((byte)'\n');
            _line = length < 0 ? _rest : _rest[..length];
            _number++;
            _indent = _line.IndexOfAnyExcept((byte)' ');
            if (_indent >= 0 && _line[_indent] != '#')
            {
                _rest = length < 0 ? default : _rest[(length + 1)..];
                _line = _line[_indent..];
                return true;
            }

            if (_line.ContainsAnyExcept(CommentBytes)) return false;
            _rest = length < 0 ? default : _rest[(length + 1)..];
        }

        return false;
    }

    private bool Take(ReadOnlySpan<byte> text)
    {
        if (!_line.StartsWith(text)) return false;
        _line = _line[text.Length..];
        return true;
    }

    private ConfigNode? Key()
    {
        var length = _line.IndexOfAnyExcept(KeyBytes);
        if (length is < 1 or > MaxKeyBytes || _line[length] != ':') return null;
        var key = Scalar(length);
        Take(":"u8);
        return key;
    }

    // All that is left of the line, or a list in the lines behind it: then the line behind the list is the next, if there is one.
    private ConfigNode? Value(int column, out bool isNext)
    {
        isNext = false;
        if (_line.IsEmpty) return List(column, out isNext);
        return Take(" "u8) && Node(MaxDepth) is { } value && _line.IsEmpty ? value : null;
    }

    private ConfigNode? List(int least, out bool isNext)
    {
        isNext = false;
        if (!NextLine() || _indent < least) return null;
        var column = _indent;
        var items = new List<ConfigNode>();
        var first = _number;
        while (Take("- "u8))
        {
            if (Node(MaxDepth) is not { } item || !_line.IsEmpty) return null;
            items.Add(item);
            isNext = NextLine();
            if (!isNext) return _rest.IsEmpty ? new ConfigNode(first) { Items = items } : null;
            if (_indent != column) break;
        }

        // Behind it there can be the next field alone.
        return items.Count > 0 && _indent == least ? new ConfigNode(first) { Items = items } : null;
    }

    private ConfigNode? Node(int depth) => _line.IsEmpty || depth == 0 ? null : _line[0] switch
    {
        (byte)'[' => Items(depth),
        (byte)'{' => Fields(depth),
        (byte)'"' or (byte)'\'' => Quoted(),
        _ => Plain(),
    };

    private ConfigNode? Items(int depth)
    {
        var items = new List<ConfigNode>();
        for (Take("["u8); ; SkipSpaces())
        {
            SkipSpaces();
            if (items.Count == 0 && Take("]"u8)) break;
            if (Node(depth - 1) is not { } item) return null;
            items.Add(item);
            SkipSpaces();
            if (Take("]"u8)) break;
            if (!Take(","u8)) return null;
        }

        return new ConfigNode(_number) { Items = items };
    }

    private ConfigNode? Fields(int depth)
    {
        var fields = new List<(ConfigNode, ConfigNode)>();
        for (Take("{"u8); ;)
        {
            SkipSpaces();
            if (fields.Count == 0 && Take("}"u8)) break;
            if (Key() is not { } key || !Take(" "u8) || Node(depth - 1) is not { } value) return null;
            fields.Add((key, value));
            SkipSpaces();
            if (Take("}"u8)) break;
            if (!Take(","u8)) return null;
        }

        return new ConfigNode(_number) { Fields = fields };
    }

    private void SkipSpaces() => _line = _line.TrimStart((byte)' ');

    private ConfigNode? Quoted()
    {
        var quote = _line[0];
        _line = _line[1..];
        var length = _line.IndexOfAnyExcept(QuotedBytes);
        if (length < 0 || _line[length] != quote) return null;
        var node = Scalar(length);
        _line = _line[1..];
        return IsEnd() ? node : null;
    }

    // A colon is of it where a letter follows; at its beginning there is none, nor a dash or dot.
    private ConfigNode? Plain()
    {
        var length = 0;
        while (true)
        {
            if (length >= _line.Length || !(char.IsAsciiLetterOrDigit((char)_line[length]) || (length == 0 && _line[0] == '/'))) return null;
            var more = _line[length..].IndexOfAnyExcept(PlainBytes);
            length = more < 0 ? _line.Length : length + more;
            if (length == _line.Length || _line[length] != ':') break;
            length++;
        }

        var node = Scalar(length);
        return IsEnd() ? node : null;
    }

    // Of a value: nothing else may touch it.
    private readonly bool IsEnd() => _line.IsEmpty || _line[0] is (byte)' ' or (byte)',' or (byte)']' or (byte)'}';

    private ConfigNode Scalar(int length)
    {
        var text = Encoding.ASCII.GetString(_line[..length]);
        _line = _line[length..];
        return new ConfigNode(_number) { Scalar = text };
    }
}

using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;

namespace Cluster.Api.Custom.Paths;

/// <summary>Reads the text of a path.</summary>
internal sealed class JsonPathParser
{
    // Far longer than any path a person writes, and it bounds the recursion of filters in filters.
    private const int MaxLength = 1024;

    private static readonly string[] Comparisons = ["==", "!=", "<=", ">=", "<", ">"];

    private readonly string _text;
    private int _at;

    private JsonPathParser(string text) => _text = text;

    public static JsonPath Parse(string text)
    {
        if (text.Length > MaxLength)
            throw new FormatException($"a path may be {MaxLength} characters long");
        var inner = text.StartsWith('{') && text.EndsWith('}') ? text[1..^1] : text;
        return new JsonPath(text, new JsonPathParser(inner).Steps(text));
    }

    private List<JsonPathStep> Steps(string whole)
    {
        List<JsonPathStep> steps = [];
        if (_at < _text.Length && _text[_at] is '$' or '@')
            _at++;
        while (_at < _text.Length)
        {
            switch (_text[_at])
            {
                case '.' when _at + 1 < _text.Length && _text[_at + 1] == '.':
                    _at += 2;
                    steps.Add(new DescentStep());
                    if (_at < _text.Length && _text[_at] != '[')
                        steps.Add(Name());
                    break;
                case '.':
                    _at++;
                    if (_at < _text.Length && _text[_at] != '[')
                        steps.Add(Name());
                    break;
                case '[':
                    steps.Add(Bracket());
                    break;
                default:
                    throw Error($"unrecognized character in action: {whole}");
            }
        }

        return steps;
    }

    private JsonPathStep Name()
    {
        var name = new StringBuilder();
        while (_at < _text.Length && _text[_at] is not ('.' or '['))
        {
            if (_text[_at] == '\\' && _at + 1 < _text.Length)
                _at++;
            if (char.IsWhiteSpace(_text[_at]) || _text[_at] is '{' or '}' or '(' or ')' or ']' or '=' or '"' or '\'')
                throw Error($"unrecognized character {_text[_at]}");
            name.Append(_text[_at++]);
        }

        if (name.Length == 0)
            throw Error("a name is missing");
        return name.ToString() == "*" ? new AllStep() : new FieldStep(name.ToString());
    }

    private JsonPathStep Bracket()
    {
        var content = Enclosed();
        if (content.StartsWith("?(", StringComparison.Ordinal) && content.EndsWith(')'))
            return Filter(content[2..^1].Trim());
        var parts = Split(content, ',');
        return parts.Count == 1 ? Part(parts[0].Trim()) : new UnionStep([.. parts.Select(part => Part(part.Trim()))]);
    }

    // What stands between the bracket the reader is on and the one that closes it; the reader is behind that after.
    private string Enclosed()
    {
        var start = ++_at;
        var depth = 1;
        var quote = '\0';
        for (; _at < _text.Length; _at++)
        {
            var letter = _text[_at];
            if (quote != '\0')
            {
                if (letter == '\\')
                    _at++;
                else if (letter == quote)
                    quote = '\0';
                continue;
            }

            if (letter is '"' or '\'')
                quote = letter;
            else if (letter is '[' or '(')
                depth++;
            else if (letter is ']' or ')' && --depth == 0)
                return _text[start.._at++];
        }

        throw Error("unterminated array");
    }

    private JsonPathStep Part(string part)
    {
        if (part == "*")
            return new AllStep();
        if (part.Length > 1 && part[0] is '"' or '\'' && part[^1] == part[0])
            return new FieldStep(Unquoted(part));
        var bounds = part.Split(':');
        if (bounds.Length > 3)
            throw Error($"invalid array index {part}");
        var numbers = bounds.Select(bound => bound.Trim().Length == 0 ? (int?)null : Index(bound.Trim(), part)).ToList();
        if (numbers.Count == 1)
        {
            var index = numbers[0] ?? throw Error($"invalid array index {part}");
            return new SliceStep(index, index == -1 ? null : index + 1, 1);
        }

        var step = numbers.Count == 3 ? numbers[2] ?? 1 : 1;
        return step > 0 ? new SliceStep(numbers[0], numbers[1], step) : throw Error("step must be > 0");
    }

    private int Index(string text, string part) =>
        int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var index) ? index : throw Error($"invalid array index {part}");

    private FilterStep Filter(string condition)
    {
        foreach (var comparison in Comparisons)
        {
            if (IndexOutsideQuotes(condition, comparison) is >= 0 and var at)
                return new FilterStep(Operand(condition[..at].Trim()), comparison, Operand(condition[(at + comparison.Length)..].Trim()));
        }

        return new FilterStep(Operand(condition), "", null);
    }

    private FilterOperand Operand(string text)
    {
        if (text.StartsWith('@') || text.StartsWith('.'))
            return new FilterOperand(Parse(text), null);
        if (text.Length > 1 && text[0] is '"' or '\'' && text[^1] == text[0])
            return new FilterOperand(null, Unquoted(text));
        if (text is "true" or "false")
            return new FilterOperand(null, text == "true");
        if (long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole))
            return new FilterOperand(null, whole);
        return double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number)
            ? new FilterOperand(null, number) : throw Error($"unrecognized text {text}");
    }

    private static int IndexOutsideQuotes(string text, string wanted)
    {
        var quote = '\0';
        for (var at = 0; at < text.Length; at++)
        {
            if (quote != '\0')
                quote = text[at] == quote ? '\0' : quote;
            else if (text[at] is '"' or '\'')
                quote = text[at];
            else if (string.CompareOrdinal(text, at, wanted, 0, wanted.Length) == 0)
                return at;
        }

        return -1;
    }

    private static List<string> Split(string text, char separator)
    {
        List<string> parts = [];
        var rest = text;
        while (IndexOutsideQuotes(rest, separator.ToString()) is >= 0 and var at)
        {
            parts.Add(rest[..at]);
            rest = rest[(at + 1)..];
        }

        parts.Add(rest);
        return parts;
    }

    private static string Unquoted(string text)
    {
        var inner = new StringBuilder();
        for (var at = 1; at < text.Length - 1; at++)
        {
            if (text[at] == '\\' && at + 1 < text.Length - 1)
                at++;
            inner.Append(text[at]);
        }

        return inner.ToString();
    }

    private FormatException Error(string why) => new(why.Contains(_text, StringComparison.Ordinal) ? why : $"{why} in {_text}");
}

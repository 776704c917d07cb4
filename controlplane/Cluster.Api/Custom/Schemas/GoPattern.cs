using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;

namespace Cluster.Api.Custom.Schemas;

/// <summary>Regular expressions as Go reads them (RE2), in the engine that takes linear time: patterns come from users.</summary>
internal static class GoPattern
{
    private const RegexOptions Linear = RegexOptions.NonBacktracking | RegexOptions.CultureInvariant;

    /// <exception cref="ArgumentException">It is no regular expression, or uses what no linear engine has.</exception>
    public static Regex Compile(string pattern)
    {
        try
        {
            return new Regex(Translate(pattern), Linear);
        }
        catch (NotSupportedException error)
        {
            // Lookarounds and back references: Go has none either.
            throw new ArgumentException(error.Message, nameof(pattern), error);
        }
    }

    // The classes of Go know ASCII alone, its $ is the very end, and a few things are written otherwise.
    private static string Translate(string pattern)
    {
        var text = new StringBuilder(pattern.Length + 16);
        var repeats = new PatternRepeats();
        var inClass = false;
        for (var at = 0; at < pattern.Length; at++)
        {
            var rest = pattern.AsSpan(at);
            if (rest[0] == '\\' && rest.Length > 1)
            {
                at += Escape(rest, inClass, text);
                repeats.Atom();
                continue;
            }

            if (inClass && rest.StartsWith("[:") && rest.IndexOf(":]") is > 0 and var end)
            {
                text.Append(Posix(rest[2..end].ToString()));
                at += end + 1;
                continue;
            }

            switch (rest[0])
            {
                case '[' when inClass:
                    text.Append("\\[");
                    break;
                case '[':
                    inClass = true;
                    text.Append('[');
                    // A bracket that comes first is itself.
                    if (at + 1 < pattern.Length && pattern[at + 1] == '^')
                        text.Append(pattern[++at]);
                    if (at + 1 < pattern.Length && pattern[at + 1] == ']')
                        text.Append('\\').Append(pattern[++at]);
                    break;
                case ']' when inClass:
                    inClass = false;
                    text.Append(']');
                    repeats.Atom();
                    break;
                case '$' when !inClass:
                    text.Append("\\z");
                    break;
                case '(' when !inClass && rest.StartsWith("(?P<"):
                    text.Append("(?<");
                    at += 3;
                    repeats.Open();
                    break;
                default:
                    text.Append(rest[0]);
                    if (!inClass)
                        repeats.Take(rest);
                    break;
            }
        }

        return text.ToString();
    }

    // How many characters after the backslash are used up.
    private static int Escape(ReadOnlySpan<char> rest, bool inClass, StringBuilder text)
    {
        switch (rest[1])
        {
            case 'd':
                text.Append(inClass ? "0-9" : "[0-9]");
                return 1;
            case 'w':
                text.Append(inClass ? "0-9A-Za-z_" : "[0-9A-Za-z_]");
                return 1;
            case 's':
                text.Append(inClass ? "\\t\\n\\f\\r " : "[\\t\\n\\f\\r ]");
                return 1;
            case 'D' when !inClass:
                text.Append("[^0-9]");
                return 1;
            case 'W' when !inClass:
                text.Append("[^0-9A-Za-z_]");
                return 1;
            case 'S' when !inClass:
                text.Append("[^\\t\\n\\f\\r ]");
                return 1;
            case 'p' or 'P' when rest.Length > 2 && rest[2] != '{':
                text.Append('\\').Append(rest[1]).Append('{').Append(rest[2]).Append('}');
                return 2;
            case 'Q' when !inClass:
                var end = rest.IndexOf("\\E");
                text.Append(Regex.Escape((end < 0 ? rest[2..] : rest[2..end]).ToString()));
                return end < 0 ? rest.Length - 1 : end + 1;
            case 'x' when rest.Length > 2 && rest[2] == '{' && rest.IndexOf('}') is > 3 and var close:
                text.Append(Hexadecimal(rest[3..close], inClass));
                return close;
            default:
                text.Append(rest[..2]);
                return 1;
        }
    }

    // As numbers: no character of it means anything to a class or outside of one.
    private static string Hexadecimal(ReadOnlySpan<char> digits, bool inClass)
    {
        if (!int.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out var code) || !Rune.IsValid(code))
            throw new ArgumentException($"invalid escape sequence: `\\x{{{digits}}}`");
        var units = string.Concat(new Rune(code).ToString().Select(unit => $"\\u{(int)unit:x4}"));
        return inClass || new Rune(code).IsBmp ? units : $"(?:{units})";
    }

    private static string Posix(string name) => name switch
    {
        "alnum" => "0-9A-Za-z",
        "alpha" => "A-Za-z",
        "blank" => "\\t ",
        "cntrl" => "\\x00-\\x1f\\x7f",
        "digit" => "0-9",
        "graph" => "!-~",
        "lower" => "a-z",
        "print" => " -~",
        "punct" => "!-/:-@\\[-`{-~",
        "space" => "\\t\\n\\v\\f\\r ",
        "upper" => "A-Z",
        "word" => "0-9A-Za-z_",
        "xdigit" => "0-9A-Fa-f",
        _ => throw new ArgumentException($"invalid character class range: `[:{name}:]`"),
    };
}

using System.Text;

namespace Cluster.Api.Json;

/// <summary>Says what is wrong with JSON text in the words of Go's scanner. Only asked after .NET's reader has refused it.</summary>
internal static class GoJsonSyntax
{
    /// <returns>Null when the text is good JSON.</returns>
    public static string? Error(ReadOnlySpan<byte> json)
    {
        var scanner = new Scanner(json);
        return scanner.Document();
    }

    private ref struct Scanner(ReadOnlySpan<byte> json)
    {
        private readonly ReadOnlySpan<byte> json = json;
        private int at;

        public string? Document()
        {
            if (Values() is { } error)
                return error;
            SkipSpace();
            return at < json.Length ? Invalid("after top-level value") : null;
        }

        // One loop with a stack of our own: the text may nest as deep as it is long.
        private string? Values()
        {
            var open = new Stack<bool>();
            while (true)
            {
                SkipSpace();
                if (at < json.Length && json[at] is (byte)'{' or (byte)'[')
                {
                    var isObject = json[at++] == '{';
                    if (open.Count >= JsonInput.MaximumDepth)
                        return "exceeded max depth";
                    SkipSpace();
                    if (at < json.Length && json[at] == (isObject ? '}' : ']'))
                    {
                        at++;
                    }
                    else
                    {
                        open.Push(isObject);
                        if (isObject && Key() is { } keyError)
                            return keyError;
                        continue;
                    }
                }
                else if (Scalar() is { } error)
                {
                    return error;
                }

                if (AfterValue(open) is { } afterError)
                    return afterError;
                if (open.Count == 0)
                    return null;
            }
        }

        // Closes what ends here and steps over the comma to the next value.
        private string? AfterValue(Stack<bool> open)
        {
            while (open.TryPeek(out var isObject))
            {
                SkipSpace();
                if (at >= json.Length)
                    return Invalid("");
                if (json[at] == ',')
                {
                    at++;
                    return isObject ? Key() : null;
                }

                if (json[at] != (isObject ? '}' : ']'))
                    return Invalid(isObject ? "after object key:value pair" : "after array element");
                at++;
                open.Pop();
            }

            return null;
        }

        private string? Key()
        {
            SkipSpace();
            if (at >= json.Length || json[at] != '"')
                return Invalid("looking for beginning of object key string");
            if (String() is { } error)
                return error;
            SkipSpace();
            if (at >= json.Length || json[at] != ':')
                return Invalid("after object key");
            at++;
            return null;
        }

        private string? Scalar()
        {
            if (at >= json.Length)
                return Invalid("");
            return json[at] switch
            {
                (byte)'"' => String(),
                (byte)'t' => Literal("true"),
                (byte)'f' => Literal("false"),
                (byte)'n' => Literal("null"),
                (byte)'-' or (>= (byte)'0' and <= (byte)'9') => Number(),
                _ => Invalid("looking for beginning of value"),
            };
        }

        private string? Literal(string word)
        {
            for (var index = 1; index < word.Length; index++)
            {
                at++;
                if (at >= json.Length || json[at] != word[index])
                    return InvalidInside($"in literal {word} (expecting {Quote((byte)word[index])})");
            }

            at++;
            return null;
        }

        private string? String()
        {
            for (at++; at < json.Length; at++)
            {
                if (json[at] == '"')
                {
                    at++;
                    return null;
                }

                if (json[at] < 0x20)
                    return Invalid("in string literal");
                if (json[at] == '\\' && Escape() is { } error)
                    return error;
            }

            return Invalid("");
        }

        private string? Escape()
        {
            at++;
            if (at >= json.Length || "\"\\/bfnrtu".IndexOf((char)json[at], StringComparison.Ordinal) < 0)
                return InvalidInside("in string escape code");
            if (json[at] != 'u')
                return null;
            for (var digit = 0; digit < 4; digit++)
            {
                at++;
                if (at >= json.Length || !char.IsAsciiHexDigit((char)json[at]))
                    return InvalidInside("in \\u hexadecimal character escape");
            }

            return null;
        }

        private string? Number()
        {
            if (json[at] == '-' && !IsDigit(++at))
                return InvalidInside("in numeric literal");
            if (json[at] == '0')
                at++;
            else
                SkipDigits();
            if (at < json.Length && json[at] == '.')
            {
                if (!IsDigit(++at))
                    return InvalidInside("after decimal point in numeric literal");
                SkipDigits();
            }

            if (at >= json.Length || json[at] is not ((byte)'e' or (byte)'E'))
                return null;
            at++;
            if (at < json.Length && json[at] is (byte)'+' or (byte)'-')
                at++;
            if (!IsDigit(at))
                return InvalidInside("in exponent of numeric literal");
            SkipDigits();
            return null;
        }

        private readonly bool IsDigit(int index) => index < json.Length && char.IsAsciiDigit((char)json[index]);

        private void SkipDigits()
        {
            while (IsDigit(at))
                at++;
        }

        private void SkipSpace()
        {
            while (at < json.Length && json[at] is (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n')
                at++;
        }

        private readonly string Invalid(string context) =>
            at >= json.Length ? "unexpected end of JSON input" : $"invalid character {Quote(json[at])} {context}";

        // Go tells the end of the text inside of a token by the space it feeds to its scanner there.
        private readonly string InvalidInside(string context) =>
            at >= json.Length ? $"invalid character ' ' {context}" : Invalid(context);

        private static string Quote(byte character) => character switch
        {
            (byte)'\'' => "'\\''",
            (byte)'"' => "'\"'",
            (byte)'\\' => "'\\\\'",
            (byte)'\n' => "'\\n'",
            (byte)'\r' => "'\\r'",
            (byte)'\t' => "'\\t'",
            0x07 => "'\\a'",
            0x08 => "'\\b'",
            0x0b => "'\\v'",
            0x0c => "'\\f'",
            < 0x20 or 0x7f => $"'\\x{character:x2}'",
            _ => $"'{Encoding.Latin1.GetString([character])}'",
        };
    }
}

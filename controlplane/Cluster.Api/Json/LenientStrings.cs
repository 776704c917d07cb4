using System.Globalization;
using System.Text;

namespace Cluster.Api.Json;

/// <summary>Escaped JSON strings that hold half a surrogate pair or bad UTF-8, which .NET's reader refuses and Go repairs.</summary>
internal static class LenientStrings
{
    private const char Replacement = '\uFFFD';

    /// <param name="escaped">The inside of a string whose escapes the reader has found well-formed.</param>
    public static string Unescape(ReadOnlySpan<byte> escaped)
    {
        var source = Encoding.UTF8.GetString(escaped);
        var result = new StringBuilder(source.Length);
        for (var at = 0; at < source.Length; at++)
        {
            if (source[at] != '\\')
            {
                result.Append(source[at]);
                continue;
            }

            at++;
            if (source[at] == 'u')
            {
                result.Append((char)int.Parse(source.AsSpan(at + 1, 4), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture));
                at += 4;
            }
            else
            {
                result.Append(source[at] switch { 'b' => '\b', 'f' => '\f', 'n' => '\n', 'r' => '\r', 't' => '\t', var same => same });
            }
        }

        return ReplaceHalfPairs(result);
    }

    private static string ReplaceHalfPairs(StringBuilder text)
    {
        for (var at = 0; at < text.Length; at++)
        {
            if (char.IsHighSurrogate(text[at]) && at + 1 < text.Length && char.IsLowSurrogate(text[at + 1]))
                at++;
            else if (char.IsSurrogate(text[at]))
                text[at] = Replacement;
        }

        return text.ToString();
    }
}

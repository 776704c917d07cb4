using System.Text;

namespace Cluster.Api.Selectors;

/// <summary>Cuts a field selector's text into terms; complaints are Kubernetes' own.</summary>
internal static class FieldSelectorParser
{
    public static IEnumerable<(string Path, string Value, bool Negated)> Terms(string text) =>
        Split(text).Where(term => term.Length > 0).Select(term => Term(text, term)).ToList();

    /// <summary>The value as it must stand in a selector.</summary>
    public static string Escape(string value) => value
        .Replace("\\", "\\\\", StringComparison.Ordinal)
        .Replace(",", "\\,", StringComparison.Ordinal)
        .Replace("=", "\\=", StringComparison.Ordinal);

    /// <summary>At commas that no backslash precedes.</summary>
    private static IEnumerable<string> Split(string text)
    {
        var start = 0;
        for (var at = 0; at < text.Length; at++)
        {
            if (text[at] == '\\')
            {
                at++;
            }
            else if (text[at] == ',')
            {
                yield return text[start..at];
                start = at + 1;
            }
        }
        yield return text[start..];
    }

    private static (string Path, string Value, bool Negated) Term(string text, string term)
    {
        for (var at = 0; at < term.Length; at++)
        {
            if (term[at] == '\\')
            {
                at++;
            }
            else if (Operator(term, at) is { } found)
            {
                return (term[..at], Unescape(term[(at + found.Length)..]), found == "!=");
            }
        }
        throw StatusErrors.BadRequest($"invalid selector: '{text}'; can't understand '{term}'");
    }

    private static string? Operator(string term, int at)
    {
        foreach (var candidate in (ReadOnlySpan<string>)["!=", "==", "="])
        {
            if (string.CompareOrdinal(term, at, candidate, 0, candidate.Length) == 0)
            {
                return candidate;
            }
        }
        return null;
    }

    private static string Unescape(string value)
    {
        var text = new StringBuilder(value.Length);
        for (var at = 0; at < value.Length; at++)
        {
            text.Append(value[at] switch
            {
                '\\' => Escaped(value, ++at),
                ',' or '=' => throw StatusErrors.BadRequest($"invalid field selector: unescaped character in value: {(int)value[at]}"),
                var plain => plain,
            });
        }
        return text.ToString();
    }

    private static char Escaped(string value, int at)
    {
        if (at < value.Length && value[at] is '\\' or ',' or '=')
        {
            return value[at];
        }
        var found = at < value.Length ? value[at].ToString() : "";
        throw StatusErrors.BadRequest($"invalid field selector: invalid escape sequence: \\{found}");
    }
}

using System.Globalization;
using System.Text;
using Cluster.Api.Json;
using Cluster.Api.Json.Forms;

namespace Cluster.Api;

/// <summary>Texts in the form Go prints them: clients compare and show the messages of a Kubernetes API server verbatim.</summary>
public static class GoText
{
    /// <summary>A double-quoted string with Go's escapes; printable characters of any script stay as they are.</summary>
    public static string Quote(string value)
    {
        var text = new StringBuilder(value.Length + 2).Append('"');
        foreach (var rune in value.EnumerateRunes())
        {
            AppendEscaped(text, rune);
        }
        return text.Append('"').ToString();
    }

    /// <summary>Each value quoted, joined with comma and space.</summary>
    public static string QuoteAll(IEnumerable<string> values) => string.Join(", ", values.Select(Quote));

    /// <summary>A duration as Go writes it, such as <c>1m30s</c>; of nanoseconds, hundreds are kept.</summary>
    /// <exception cref="FormatException">It is none; the message is Go's.</exception>
    public static TimeSpan ParseDuration(string text)
    {
        try
        {
            return TimeSpan.FromTicks(DurationText.Parse(text) / TimeSpan.NanosecondsPerTick);
        }
        catch (JsonDecodeException no)
        {
            throw new FormatException(no.Message, no);
        }
    }

    private static void AppendEscaped(StringBuilder text, Rune rune)
    {
        switch (rune.Value)
        {
            case '"': text.Append("\\\""); break;
            case '\\': text.Append("\\\\"); break;
            case '\a': text.Append("\\a"); break;
            case '\b': text.Append("\\b"); break;
            case '\f': text.Append("\\f"); break;
            case '\n': text.Append("\\n"); break;
            case '\r': text.Append("\\r"); break;
            case '\t': text.Append("\\t"); break;
            case '\v': text.Append("\\v"); break;
            case < 0x20 or 0x7f: text.Append(CultureInfo.InvariantCulture, $"\\x{rune.Value:x2}"); break;
            default: AppendPrintable(text, rune); break;
        }
    }

    private static void AppendPrintable(StringBuilder text, Rune rune)
    {
        if (IsPrintable(rune))
        {
            text.Append(rune.ToString());
        }
        else if (rune.IsBmp)
        {
            text.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}");
        }
        else
        {
            text.Append(CultureInfo.InvariantCulture, $"\\U{rune.Value:x8}");
        }
    }

    private static bool IsPrintable(Rune rune) => rune.Value == ' ' || Rune.GetUnicodeCategory(rune) is not
        (UnicodeCategory.Control or UnicodeCategory.Format or UnicodeCategory.LineSeparator or UnicodeCategory.OtherNotAssigned
        or UnicodeCategory.ParagraphSeparator or UnicodeCategory.PrivateUse or UnicodeCategory.SpaceSeparator or UnicodeCategory.Surrogate);
}

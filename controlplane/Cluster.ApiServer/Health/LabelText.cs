using System.Globalization;
using System.Text;

namespace Cluster.ApiServer.Health;

/// <summary>Tags as Prometheus writes them: <c>code="200",verb="GET"</c>.</summary>
internal static class LabelText
{
    /// <summary>Writes into the buffer where it fits, as it does but for tags of odd length or characters.</summary>
    public static ReadOnlySpan<char> Write(ReadOnlySpan<KeyValuePair<string, object?>> tags, Span<char> buffer)
    {
        var length = 0;
        foreach (var (key, tag) in tags)
        {
            var value = tag as string ?? Convert.ToString(tag, CultureInfo.InvariantCulture) ?? "";
            // The name, ="" and a comma.
            if (length + key.Length + value.Length + 4 > buffer.Length || value.AsSpan().IndexOfAny('\\', '"', '\n') >= 0)
                return WriteEscaped(tags);
            if (length > 0)
                buffer[length++] = ',';
            key.CopyTo(buffer[length..]);
            length += key.Length;
            buffer[length++] = '=';
            buffer[length++] = '"';
            value.CopyTo(buffer[length..]);
            length += value.Length;
            buffer[length++] = '"';
        }

        return buffer[..length];
    }

    private static string WriteEscaped(ReadOnlySpan<KeyValuePair<string, object?>> tags)
    {
        var text = new StringBuilder();
        foreach (var (key, tag) in tags)
        {
            var value = Convert.ToString(tag, CultureInfo.InvariantCulture) ?? "";
            text.Append(text.Length > 0 ? "," : "").Append(key).Append("=\"")
                .Append(value.Replace("\\", "\\\\", StringComparison.Ordinal).Replace("\"", "\\\"", StringComparison.Ordinal).Replace("\n", "\\n", StringComparison.Ordinal))
                .Append('"');
        }

        return text.ToString();
    }
}

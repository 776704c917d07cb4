namespace Cluster.Api.Json.Forms;

/// <summary>Copies JSON text without the white space between tokens and with the characters escaped that Go escapes.</summary>
internal static class CompactJson
{
    public static void Write(ref JsonOutput output, ReadOnlySpan<byte> json)
    {
        output.Separate();
        var inString = false;
        var start = 0;
        for (var at = 0; at < json.Length; at++)
        {
            var skip = 1;
            var replacement = ReadOnlySpan<byte>.Empty;
            switch (json[at])
            {
                case (byte)'"':
                    inString = !inString;
                    continue;
                case (byte)'\\':
                    at++;
                    continue;
                case (byte)' ' or (byte)'\t' or (byte)'\r' or (byte)'\n' when !inString:
                    break;
                case (byte)'<':
                    replacement = "\\u003c"u8;
                    break;
                case (byte)'>':
                    replacement = "\\u003e"u8;
                    break;
                case (byte)'&':
                    replacement = "\\u0026"u8;
                    break;
                case 0xE2 when at + 2 < json.Length && json[at + 1] == 0x80 && (json[at + 2] & ~1) == 0xA8:
                    replacement = json[at + 2] == 0xA8 ? "\\u2028"u8 : "\\u2029"u8;
                    skip = 3;
                    break;
                default:
                    continue;
            }

            output.Append(json[start..at]);
            output.Append(replacement);
            at += skip - 1;
            start = at + 1;
        }

        output.Append(json[start..]);
    }
}

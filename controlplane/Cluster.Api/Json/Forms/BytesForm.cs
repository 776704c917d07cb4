using System.Text;
using System.Text.Json;
using Google.Protobuf;

namespace Cluster.Api.Json.Forms;

/// <summary>Bytes as standard base64 text.</summary>
internal readonly struct BytesForm : IValueForm<ByteString>
{
    public static string GoType => "[]uint8";

    public static ByteString Zero => ByteString.Empty;

    public static bool IsZero(ByteString value) => value.IsEmpty;

    public static ByteString Read(ref JsonInput input)
    {
        if (input.Reader.TokenType != JsonTokenType.String)
            throw input.Mismatch(GoType);
        return TryDecode(ref input.Reader) is { } bytes
            ? UnsafeByteOperations.UnsafeWrap(bytes)
            : throw new JsonDecodeException($"illegal base64 data at input byte {FirstIllegal(Encoding.UTF8.GetBytes(input.GetString()))}");
    }

    public static void Write(ref JsonOutput output, ByteString value) => output.Base64(value.Span);

    private static byte[]? TryDecode(ref Utf8JsonReader reader)
    {
        try
        {
            return reader.TryGetBytesFromBase64(out var bytes) ? bytes : null;
        }
        catch (InvalidOperationException)
        {
            // Half of a surrogate pair, which no base64 has.
            return null;
        }
    }

    // The offset Go's decoder stops at: the character that is out of place, or the end of a group that is too short.
    private static int FirstIllegal(ReadOnlySpan<byte> text)
    {
        var inGroup = 0;
        for (var at = 0; at < text.Length; at++)
        {
            var character = text[at];
            if (character is (byte)'\r' or (byte)'\n')
                continue;
            if (character == '=')
                return inGroup < 2 ? at : AfterPadding(text, at, inGroup);
            if (!char.IsAsciiLetterOrDigit((char)character) && character is not ((byte)'+' or (byte)'/'))
                return at;
            inGroup = (inGroup + 1) % 4;
        }

        return text.Length - inGroup;
    }

    private static int AfterPadding(ReadOnlySpan<byte> text, int padding, int inGroup)
    {
        if (inGroup == 3)
            return padding + 1;
        if (padding + 1 == text.Length)
            return text.Length;
        return text[padding + 1] == '=' ? padding + 2 : padding;
    }
}

using System.Buffers;
using System.Buffers.Text;
using System.Text;

namespace Cluster.Api.Json;

/// <summary>Writes compact JSON, byte for byte as Go's encoder does, straight into a buffer.</summary>
/// <remarks>A JSON writer of our own because .NET's escapes other characters in other ways, and watchers compare bytes.</remarks>
internal ref struct JsonOutput
{
    private const int MinimumChunk = 512;

    // The control characters, the two of JSON itself, the three that HTML minds, and the two line ends JavaScript has more.
    private static readonly SearchValues<char> Escaped = SearchValues.Create(
        [.. Enumerable.Range(0, 0x20).Select(code => (char)code), '"', '\\', '<', '>', '&', '\u2028', '\u2029']);

    private readonly IBufferWriter<byte> target;
    private Span<byte> span;
    private int used;
    private bool separate;

    /// <param name="resourceVersion">Stands in the first metadata instead of the message's own; null leaves it.</param>
    public JsonOutput(IBufferWriter<byte> target, string? resourceVersion)
    {
        this.target = target;
        ResourceVersion = resourceVersion;
    }

    /// <summary>The version the outermost metadata shows; the field that uses it sets it to null.</summary>
    public string? ResourceVersion { get; set; }

    public void Flush()
    {
        target.Advance(used);
        used = 0;
        span = default;
    }

    public void BeginObject() => Begin((byte)'{');

    public void EndObject() => End((byte)'}');

    public void BeginArray() => Begin((byte)'[');

    public void EndArray() => End((byte)']');

    /// <param name="quotedWithColon">The name as it stands in the text: <c>"name":</c>.</param>
    public void Name(ReadOnlySpan<byte> quotedWithColon)
    {
        Value(quotedWithColon);
        separate = false;
    }

    /// <summary>A name that is data: the key of a map.</summary>
    public void Key(string key)
    {
        String(key);
        Append((byte)':');
        separate = false;
    }

    public void Null() => Value("null"u8);

    public void Bool(bool value) => Value(value ? "true"u8 : "false"u8);

    public void Number(long value)
    {
        Separate();
        Reserve(20);
        Utf8Formatter.TryFormat(value, span[used..], out var written);
        used += written;
    }

    /// <summary>Text that needs neither quotes nor escapes.</summary>
    public void Value(scoped ReadOnlySpan<byte> utf8)
    {
        Separate();
        Append(utf8);
    }

    /// <summary>JSON text as part of a value whose beginning was announced with <see cref="Separate"/>.</summary>
    public void Append(scoped ReadOnlySpan<byte> utf8)
    {
        Reserve(utf8.Length);
        utf8.CopyTo(span[used..]);
        used += utf8.Length;
    }

    public void Base64(ReadOnlySpan<byte> bytes)
    {
        Separate();
        Append((byte)'"');
        Reserve(System.Buffers.Text.Base64.GetMaxEncodedToUtf8Length(bytes.Length));
        System.Buffers.Text.Base64.EncodeToUtf8(bytes, span[used..], out _, out var written);
        used += written;
        Append((byte)'"');
    }

    public void String(ReadOnlySpan<char> text)
    {
        Separate();
        Append((byte)'"');
        while (true)
        {
            var plain = text.IndexOfAny(Escaped);
            if (plain < 0)
                break;
            Plain(text[..plain]);
            Escape(text[plain]);
            text = text[(plain + 1)..];
        }

        Plain(text);
        Append((byte)'"');
    }

    /// <summary>Writes the comma that a value after another one needs.</summary>
    public void Separate()
    {
        if (separate)
            Append((byte)',');
        separate = true;
    }

    private void Begin(byte bracket)
    {
        Separate();
        Append(bracket);
        separate = false;
    }

    private void End(byte bracket)
    {
        Append(bracket);
        separate = true;
    }

    private void Plain(ReadOnlySpan<char> text)
    {
        Reserve(text.Length <= MinimumChunk ? text.Length * 3 : Encoding.UTF8.GetByteCount(text));
        used += Encoding.UTF8.GetBytes(text, span[used..]);
    }

    private void Escape(char character)
    {
        Append((byte)'\\');
        var letter = character switch
        {
            '"' or '\\' => character,
            '\n' => 'n',
            '\r' => 'r',
            '\t' => 't',
            '\b' => 'b',
            '\f' => 'f',
            _ => 'u',
        };
        Append((byte)letter);
        if (letter != 'u')
            return;
        Reserve(4);
        Utf8Formatter.TryFormat((int)character, span[used..], out var written, new StandardFormat('x', 4));
        used += written;
    }

    private void Append(byte single)
    {
        Reserve(1);
        span[used++] = single;
    }

    private void Reserve(int bytes)
    {
        if (span.Length - used >= bytes)
            return;
        target.Advance(used);
        used = 0;
        span = target.GetSpan(Math.Max(bytes, MinimumChunk));
    }
}

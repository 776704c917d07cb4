using System.Text;

namespace Cluster.Api.Protobuf;

/// <summary>Reads a runtime.Unknown and leaves the object inside where it is: a store's values are not copied to look at them.</summary>
internal static class EnvelopeReader
{
    private const uint TypeMetaTag = (1 << 3) | 2;
    private const uint RawTag = (2 << 3) | 2;
    private const uint ApiVersionTag = TypeMetaTag;
    private const uint KindTag = RawTag;

    /// <exception cref="InvalidDataException">The bytes are no such message.</exception>
    public static EnvelopeContent Read(ReadOnlyMemory<byte> unknown)
    {
        var (apiVersion, kind) = ("", "");
        var raw = ReadOnlyMemory<byte>.Empty;
        var rest = unknown;
        while (Next(ref rest, out var tag) is { } field)
        {
            if (tag == TypeMetaTag)
                (apiVersion, kind) = ReadTypeMeta(field);
            else if (tag == RawTag)
                raw = field;
        }

        return new EnvelopeContent(apiVersion, kind, raw);
    }

    /// <summary>The object alone.</summary>
    /// <exception cref="InvalidDataException">The bytes are no such message.</exception>
    public static ReadOnlyMemory<byte> ReadRaw(ReadOnlyMemory<byte> unknown)
    {
        var raw = ReadOnlyMemory<byte>.Empty;
        var rest = unknown;
        while (Next(ref rest, out var tag) is { } field)
        {
            if (tag == RawTag)
                raw = field;
        }

        return raw;
    }

    private static (string ApiVersion, string Kind) ReadTypeMeta(ReadOnlyMemory<byte> rest)
    {
        var (apiVersion, kind) = ("", "");
        while (Next(ref rest, out var tag) is { } field)
        {
            if (tag == ApiVersionTag)
                apiVersion = Encoding.UTF8.GetString(field.Span);
            else if (tag == KindTag)
                kind = Encoding.UTF8.GetString(field.Span);
        }

        return (apiVersion, kind);
    }

    // Every field of the two messages is length-delimited; anything else is damage or not meant for us.
    private static ReadOnlyMemory<byte>? Next(ref ReadOnlyMemory<byte> rest, out uint tag)
    {
        tag = 0;
        if (rest.IsEmpty)
            return null;
        tag = ReadVarint(ref rest);
        if ((tag & 7) != 2)
            throw new InvalidDataException("proto: illegal wireType " + (tag & 7));
        var length = ReadVarint(ref rest);
        if (length > (uint)rest.Length)
            throw new InvalidDataException("unexpected EOF");
        var field = rest[..(int)length];
        rest = rest[(int)length..];
        return field;
    }

    private static uint ReadVarint(ref ReadOnlyMemory<byte> rest)
    {
        uint value = 0;
        for (var shift = 0; shift < 35; shift += 7)
        {
            if (rest.IsEmpty)
                throw new InvalidDataException("unexpected EOF");
            var current = rest.Span[0];
            rest = rest[1..];
            value |= (uint)(current & 0x7f) << shift;
            if (current < 0x80)
                return value;
        }

        throw new InvalidDataException("proto: integer overflow");
    }
}

using Cluster.Api.Protobuf;
using Google.Protobuf;

namespace Cluster.Api.Json.Forms;

/// <summary>JSON of any shape, kept as it came and written compactly.</summary>
internal readonly struct RawForm<T> : IValueForm<T>
    where T : class, IRawJson, new()
{
    public static string GoType => "runtime.RawExtension";

    public static T Zero => new();

    public static bool IsZero(T value) => value.Raw.IsEmpty;

    public static T Read(ref JsonInput input) => new() { Raw = ByteString.CopyFrom(input.RawValue()) };

    // What is written verbatim must not break the text around it.
    public static void Normalize(T value)
    {
        var raw = value.Raw.Span;
        if (!raw.IsEmpty && !Envelope.HasMagic(raw) && GoJsonSyntax.Error(raw) is { } error)
            throw new JsonDecodeException(error);
    }

    public static void Write(ref JsonOutput output, T value)
    {
        var raw = value.Raw;
        if (raw.IsEmpty)
            output.Null();
        else if (Envelope.HasMagic(raw.Span))
            JsonCodec.WriteEnveloped(ref output, raw.Memory);
        else
            CompactJson.Write(ref output, raw.Span);
    }
}

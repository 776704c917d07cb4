using System.Collections.Concurrent;
using System.Text.Json;
using Cluster.Api.Json.Fields;
using Google.Protobuf;
using Google.Protobuf.Reflection;

namespace Cluster.Api.Json;

/// <summary>Reads and writes the JSON of one message type. Made once a type and shared by all threads.</summary>
internal abstract class MessageCodec
{
    private static readonly ConcurrentDictionary<MessageDescriptor, MessageCodec> ByDescriptor = new();

    private const int MostNested = 256;

    private readonly JsonField[] fields;
    private readonly FieldTable table;

    protected MessageCodec(MessageDescriptor message)
    {
        fields = [.. FieldFactory.Create(message)];
        table = new FieldTable(FieldFactory.IsObject(message)
            ? [.. fields, new TypeMetaField(TypeMetaField.ApiVersion), new TypeMetaField(TypeMetaField.Kind)]
            : fields);
        Name = message.Name;
        GoType = $"{message.File.Package[(message.File.Package.LastIndexOf('.') + 1)..]}.{message.Name}";
    }

    /// <summary>The bare name of the type.</summary>
    public string Name { get; }

    /// <summary>The type as Go names it in errors: <c>v1.Container</c>.</summary>
    public string GoType { get; }

    public static MessageCodec For(MessageDescriptor message) => ByDescriptor.GetOrAdd(
        message,
        static key => (MessageCodec)typeof(MessageCodec<>).MakeGenericType(key.ClrType)
            .GetField(nameof(MessageCodec<MetaV1.Status>.Instance))!.GetValue(null)!);

    public abstract IMessage NewMessage();

    public abstract IMessage ReadMessage(ref JsonInput input);

    /// <summary>Writes the members of the object, without its braces.</summary>
    public void WriteFields(ref JsonOutput output, IMessage message)
    {
        foreach (var field in fields)
            field.Write(ref output, message);
    }

    /// <summary>Makes of a message that came in protobuf what its JSON would have made: canonical quantities, whole seconds.</summary>
    /// <exception cref="JsonDecodeException">JSON could not have said it.</exception>
    public void Normalize(IMessage message)
    {
        foreach (var field in fields)
            field.Normalize(message);
    }

    protected void ReadInto(ref JsonInput input, IMessage message)
    {
        if (input.Reader.TokenType != JsonTokenType.StartObject)
            throw input.Mismatch(GoType);
        // Schemas hold schemas: reading must end long before the thread's stack does.
        if (input.Reader.CurrentDepth > MostNested)
            throw new System.Text.Json.JsonException("exceeded max depth");
        var (outerField, outerStruct) = (input.FieldStart, input.Struct);
        var seen = UInt128.Zero;
        while (input.Reader.Read() && input.Reader.TokenType != JsonTokenType.EndObject)
        {
            var start = (int)input.Reader.TokenStartIndex;
            var index = table.Find(ref input);
            input.Reader.Read();
            if (index < 0)
            {
                input.Report("unknown field", start);
                input.Reader.Skip();
                continue;
            }

            var bit = UInt128.One << index;
            if ((seen & bit) != 0)
                input.Report("duplicate field", start);
            seen |= bit;
            input.FieldStart = start;
            input.Struct = Name;
            if (input.Reader.TokenType != JsonTokenType.Null)
                table[index].Read(ref input, message);
            (input.FieldStart, input.Struct) = (outerField, outerStruct);
        }
    }
}

using Cluster.Api.Json.Forms;
using Cluster.Api.Options;
using Google.Protobuf;

namespace Cluster.Api.Json.Fields;

/// <summary>A message in a message: a Go struct (always written) or a pointer to one.</summary>
internal sealed class MessageField<TMessage, TValue, TForm>(string name, Property<TMessage, TValue> property, Presence presence)
    : JsonField(name)
    where TMessage : class, IMessage
    where TValue : class, IMessage<TValue>, new()
    where TForm : struct, IValueForm<TValue>
{
    private static readonly TValue Empty = new();

    public override void Read(ref JsonInput input, IMessage message) => property.Set((TMessage)message, TForm.Read(ref input));

    public override void Normalize(IMessage message)
    {
        if (property.Get((TMessage)message) is { } value)
            TForm.Normalize(value);
    }

    public override void Write(ref JsonOutput output, IMessage message)
    {
        var value = property.Get((TMessage)message);
        if (value is null && presence == Presence.OmitEmpty)
            return;
        output.Name(Prefix);
        if (value is null && presence == Presence.NullWhenUnset)
            output.Null();
        else
            TForm.Write(ref output, value ?? Empty);
    }
}

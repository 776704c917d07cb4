using Cluster.Api.Json.Forms;
using Google.Protobuf;

namespace Cluster.Api.Json.Fields;

/// <summary>A scalar with presence: a pointer in Go.</summary>
internal sealed class OptionalField<TMessage, TValue, TForm>(string name, Property<TMessage, TValue> property, bool nullWhenUnset)
    : JsonField(name)
    where TMessage : class, IMessage
    where TForm : struct, IValueForm<TValue>
{
    private readonly Func<TMessage, bool> has = property.Has!;

    public override void Read(ref JsonInput input, IMessage message) => property.Set((TMessage)message, TForm.Read(ref input));

    public override void Write(ref JsonOutput output, IMessage message)
    {
        var owner = (TMessage)message;
        if (has(owner))
        {
            output.Name(Prefix);
            TForm.Write(ref output, property.Get(owner));
        }
        else if (nullWhenUnset)
        {
            output.Name(Prefix);
            output.Null();
        }
    }
}

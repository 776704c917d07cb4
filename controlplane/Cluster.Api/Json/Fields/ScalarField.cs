using Cluster.Api.Json.Forms;
using Google.Protobuf;

namespace Cluster.Api.Json.Fields;

/// <summary>A scalar without presence: its zero is the same as its absence.</summary>
internal sealed class ScalarField<TMessage, TValue, TForm>(string name, Property<TMessage, TValue> property, bool always)
    : JsonField(name)
    where TMessage : class, IMessage
    where TForm : struct, IValueForm<TValue>
{
    public override void Read(ref JsonInput input, IMessage message) => property.Set((TMessage)message, TForm.Read(ref input));

    public override void Write(ref JsonOutput output, IMessage message)
    {
        var value = property.Get((TMessage)message);
        if (!always && TForm.IsZero(value))
            return;
        output.Name(Prefix);
        // Bytes that nobody set are null; bytes of length zero can't be told from them.
        if (typeof(TValue) == typeof(ByteString) && TForm.IsZero(value))
            output.Null();
        else
            TForm.Write(ref output, value);
    }
}

using System.Text.Json;
using Cluster.Api.Json.Forms;
using Google.Protobuf;
using Google.Protobuf.Collections;

namespace Cluster.Api.Json.Fields;

/// <summary>A repeated field as a JSON array.</summary>
internal sealed class ListField<TMessage, TItem, TForm>(
    string name, Property<TMessage, RepeatedField<TItem>> property, EmptyCollection empty)
    : JsonField(name)
    where TMessage : class, IMessage
    where TForm : struct, IValueForm<TItem>
{
    public override void Read(ref JsonInput input, IMessage message)
    {
        if (input.Reader.TokenType != JsonTokenType.StartArray)
            throw input.Mismatch("[]" + TForm.GoType);
        var list = property.Get((TMessage)message);
        list.Clear();
        while (input.Reader.Read() && input.Reader.TokenType != JsonTokenType.EndArray)
            list.Add(input.Reader.TokenType == JsonTokenType.Null ? TForm.Zero : TForm.Read(ref input));
    }

    public override void Normalize(IMessage message)
    {
        if (!typeof(IMessage).IsAssignableFrom(typeof(TItem)))
            return;
        foreach (var item in property.Get((TMessage)message))
            TForm.Normalize(item);
    }

    public override void Write(ref JsonOutput output, IMessage message)
    {
        var list = property.Get((TMessage)message);
        var count = list.Count;
        if (count == 0 && empty == EmptyCollection.Omitted)
            return;
        output.Name(Prefix);
        if (count == 0 && empty == EmptyCollection.Null)
        {
            output.Null();
            return;
        }

        output.BeginArray();
        for (var index = 0; index < count; index++)
            TForm.Write(ref output, list[index]);
        output.EndArray();
    }
}

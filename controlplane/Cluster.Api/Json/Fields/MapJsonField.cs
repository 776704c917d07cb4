using System.Buffers;
using System.Text.Json;
using Cluster.Api.Json.Forms;
using Google.Protobuf;
using Google.Protobuf.Collections;

namespace Cluster.Api.Json.Fields;

/// <summary>A map with text keys as a JSON object with sorted keys.</summary>
internal sealed class MapJsonField<TMessage, TItem, TForm>(
    string name, Property<TMessage, MapField<string, TItem>> property, EmptyCollection empty)
    : JsonField(name)
    where TMessage : class, IMessage
    where TForm : struct, IValueForm<TItem>
{
    // The one map that Go gives a name.
    private static string GoType => typeof(TForm) == typeof(QuantityForm) ? "v1.ResourceList" : "map[string]" + TForm.GoType;

    public override void Read(ref JsonInput input, IMessage message)
    {
        if (input.Reader.TokenType != JsonTokenType.StartObject)
            throw input.Mismatch(GoType);
        var map = property.Get((TMessage)message);
        while (input.Reader.Read() && input.Reader.TokenType != JsonTokenType.EndObject)
        {
            var start = (int)input.Reader.TokenStartIndex;
            var key = input.GetString();
            if (input.ReportsProblems && map.ContainsKey(key))
                input.Report("duplicate field", start);
            input.Reader.Read();
            map[key] = input.Reader.TokenType == JsonTokenType.Null ? TForm.Zero : TForm.Read(ref input);
        }
    }

    public override void Normalize(IMessage message)
    {
        if (!typeof(IMessage).IsAssignableFrom(typeof(TItem)))
            return;
        foreach (var item in property.Get((TMessage)message).Values)
            TForm.Normalize(item);
    }

    public override void Write(ref JsonOutput output, IMessage message)
    {
        var map = property.Get((TMessage)message);
        if (map.Count > 0)
        {
            output.Name(Prefix);
            WriteSorted(ref output, map);
        }
        else if (empty != EmptyCollection.Omitted)
        {
            output.Name(Prefix);
            output.Null();
        }
    }

    private static void WriteSorted(ref JsonOutput output, MapField<string, TItem> map)
    {
        var keys = ArrayPool<string>.Shared.Rent(map.Count);
        map.Keys.CopyTo(keys, 0);
        var sorted = keys.AsSpan(0, map.Count);
        sorted.Sort(StringComparer.Ordinal);
        output.BeginObject();
        foreach (var key in sorted)
        {
            output.Key(key);
            TForm.Write(ref output, map[key]);
        }

        output.EndObject();
        ArrayPool<string>.Shared.Return(keys, clearArray: true);
    }
}

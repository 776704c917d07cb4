using System.Text.Json;

namespace Cluster.Api.Json.Forms;

/// <summary>A message that stands for a JSON array of strings.</summary>
internal readonly struct StringListForm<T> : IValueForm<T>
    where T : class, IStringList, new()
{
    public static string GoType => "[]string";

    public static T Zero => new();

    public static bool IsZero(T value) => value.Items.Count == 0;

    public static T Read(ref JsonInput input)
    {
        if (input.Reader.TokenType != JsonTokenType.StartArray)
            throw input.Mismatch(GoType);
        var list = new T();
        while (input.Reader.Read() && input.Reader.TokenType != JsonTokenType.EndArray)
            list.Items.Add(input.Reader.TokenType == JsonTokenType.Null ? "" : StringForm.Read(ref input));
        return list;
    }

    public static void Write(ref JsonOutput output, T value)
    {
        if (value.Items.Count == 0)
        {
            output.Null();
            return;
        }

        output.BeginArray();
        foreach (var item in value.Items)
            output.String(item);
        output.EndArray();
    }
}

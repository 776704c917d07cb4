using System.Text.Json;
using Cluster.Api.ApiExtensionsV1;

namespace Cluster.Api.Json.Forms;

/// <summary>A schema as a JSON object, or names as an array of texts.</summary>
internal readonly struct SchemaOrStringArrayForm : IValueForm<JSONSchemaPropsOrStringArray>
{
    public static string GoType => "v1.JSONSchemaPropsOrStringArray";

    public static JSONSchemaPropsOrStringArray Zero => new();

    public static bool IsZero(JSONSchemaPropsOrStringArray value) => value.Schema is null && value.Property.Count == 0;

    public static JSONSchemaPropsOrStringArray Read(ref JsonInput input)
    {
        var value = new JSONSchemaPropsOrStringArray();
        if (input.Reader.TokenType == JsonTokenType.StartObject)
        {
            value.Schema = MessageForm<JSONSchemaProps>.Read(ref input);
            return value;
        }

        if (input.Reader.TokenType != JsonTokenType.StartArray)
            throw input.Mismatch(GoType);
        while (input.Reader.Read() && input.Reader.TokenType != JsonTokenType.EndArray)
            value.Property.Add(input.Reader.TokenType == JsonTokenType.Null ? "" : StringForm.Read(ref input));
        return value;
    }

    public static void Write(ref JsonOutput output, JSONSchemaPropsOrStringArray value)
    {
        if (value.Property.Count > 0)
        {
            output.BeginArray();
            foreach (var name in value.Property)
                output.String(name);
            output.EndArray();
        }
        else if (value.Schema is { } schema)
        {
            MessageForm<JSONSchemaProps>.Write(ref output, schema);
        }
        else
        {
            output.Null();
        }
    }
}

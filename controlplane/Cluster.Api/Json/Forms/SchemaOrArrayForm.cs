using System.Text.Json;
using Cluster.Api.ApiExtensionsV1;

namespace Cluster.Api.Json.Forms;

/// <summary>One schema as a JSON object, or several as an array.</summary>
internal readonly struct SchemaOrArrayForm : IValueForm<JSONSchemaPropsOrArray>
{
    public static string GoType => "v1.JSONSchemaPropsOrArray";

    public static JSONSchemaPropsOrArray Zero => new();

    public static bool IsZero(JSONSchemaPropsOrArray value) => value.Schema is null && value.JSONSchemas.Count == 0;

    public static JSONSchemaPropsOrArray Read(ref JsonInput input)
    {
        var value = new JSONSchemaPropsOrArray();
        if (input.Reader.TokenType == JsonTokenType.StartObject)
        {
            value.Schema = MessageForm<JSONSchemaProps>.Read(ref input);
            return value;
        }

        if (input.Reader.TokenType != JsonTokenType.StartArray)
            throw input.Mismatch(GoType);
        while (input.Reader.Read() && input.Reader.TokenType != JsonTokenType.EndArray)
            value.JSONSchemas.Add(input.Reader.TokenType == JsonTokenType.Null ? new() : MessageForm<JSONSchemaProps>.Read(ref input));
        return value;
    }

    public static void Write(ref JsonOutput output, JSONSchemaPropsOrArray value)
    {
        if (value.JSONSchemas.Count > 0)
        {
            output.BeginArray();
            foreach (var schema in value.JSONSchemas)
                MessageForm<JSONSchemaProps>.Write(ref output, schema);
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

using System.Text.Json;
using Cluster.Api.ApiExtensionsV1;

namespace Cluster.Api.Json.Forms;

/// <summary>A schema as a JSON object, or true or false.</summary>
internal readonly struct SchemaOrBoolForm : IValueForm<JSONSchemaPropsOrBool>
{
    public static string GoType => "v1.JSONSchemaPropsOrBool";

    public static JSONSchemaPropsOrBool Zero => new();

    public static bool IsZero(JSONSchemaPropsOrBool value) => !value.Allows && value.Schema is null;

    // A schema allows what fits it.
    public static JSONSchemaPropsOrBool Read(ref JsonInput input) => input.Reader.TokenType switch
    {
        JsonTokenType.StartObject => new() { Allows = true, Schema = MessageForm<JSONSchemaProps>.Read(ref input) },
        JsonTokenType.True => new() { Allows = true },
        JsonTokenType.False => new(),
        _ => throw input.Mismatch(GoType),
    };

    public static void Write(ref JsonOutput output, JSONSchemaPropsOrBool value)
    {
        if (value.Schema is { } schema)
            MessageForm<JSONSchemaProps>.Write(ref output, schema);
        else
            output.Bool(value.Allows);
    }
}

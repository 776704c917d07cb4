using System.Globalization;
using System.Text.Json.Nodes;

namespace Cluster.ApiServer.OpenApi;

/// <summary>The schema part of <see cref="SwaggerProtobuf"/>: gnostic's openapi.v2.Schema.</summary>
internal static class SwaggerSchemaProtobuf
{
    public static void Write(ProtobufWriter writer, JsonObject schema)
    {
        foreach (var (key, value) in schema)
            Write(writer, key, value!);
    }

    private static void Write(ProtobufWriter writer, string key, JsonNode value)
    {
        switch (key)
        {
            case "$ref":
                writer.Text(1, SwaggerProtobuf.Text(value));
                break;
            case "format":
                writer.Text(2, SwaggerProtobuf.Text(value));
                break;
            case "title":
                writer.Text(3, SwaggerProtobuf.Text(value));
                break;
            case "description":
                writer.Text(4, SwaggerProtobuf.Text(value));
                break;
            case "default":
                writer.Message(5, any => any.Text(2, value.ToJsonString() + "\n"));
                break;
            case "multipleOf":
                writer.Double(6, Number(value));
                break;
            case "maximum":
                writer.Double(7, Number(value));
                break;
            case "exclusiveMaximum":
                writer.Flag(8, value.GetValue<bool>());
                break;
            case "minimum":
                writer.Double(9, Number(value));
                break;
            case "exclusiveMinimum":
                writer.Flag(10, value.GetValue<bool>());
                break;
            case "pattern":
                writer.Text(13, SwaggerProtobuf.Text(value));
                break;
            case "uniqueItems":
                writer.Flag(16, value.GetValue<bool>());
                break;
            case "maxLength" or "minLength" or "maxItems" or "minItems" or "maxProperties" or "minProperties":
                writer.Integer(BoundField(key), value.GetValue<long>());
                break;
            case "required":
                writer.Texts(19, value.AsArray());
                break;
            case "enum":
                foreach (var allowed in value.AsArray())
                    writer.Message(20, any => any.Text(2, allowed!.ToJsonString() + "\n"));
                break;
            case "additionalProperties":
                writer.Message(21, item => item.Message(1, inner => Write(inner, value.AsObject())));
                break;
            case "type":
                writer.Message(22, type => type.Text(1, SwaggerProtobuf.Text(value)));
                break;
            case "items":
                writer.Message(23, item => item.Message(1, inner => Write(inner, value.AsObject())));
                break;
            case "properties":
                writer.Message(25, properties => SwaggerProtobuf.Named(properties, 1, value.AsObject(), Write));
                break;
            case var extension when SwaggerProtobuf.IsExtension(extension):
                SwaggerProtobuf.Extension(writer, 31, key, value);
                break;
            default:
                throw SwaggerProtobuf.Unknown("a schema", key);
        }
    }

    private static int BoundField(string bound) => bound switch
    {
        "maxLength" => 11,
        "minLength" => 12,
        "maxItems" => 14,
        "minItems" => 15,
        "maxProperties" => 17,
        _ => 18,
    };

    // A tree holds whole numbers as long and the others as they were written.
    private static double Number(JsonNode value) => double.Parse(value.ToJsonString(), CultureInfo.InvariantCulture);
}

using System.Text.Json.Nodes;

namespace Cluster.ApiServer.OpenApi;

/// <summary>
/// Writes a swagger 2.0 document in the protobuf form clients ask for (gnostic's openapi.v2.Document), whose field numbers stand here.
/// </summary>
/// <remarks>Only what our documents use is written; anything else in the JSON would be a bug and throws.</remarks>
internal static class SwaggerProtobuf
{
    /// <summary>What clients ask for. It breaks RFC 6838 (the @), so it is understood and never sent: Go cannot parse it in an answer.</summary>
    public const string AskedMediaType = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf";

    public const string MediaType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf";

    public static byte[] Write(JsonObject document)
    {
        var writer = new ProtobufWriter();
        writer.Text(1, Text(document["swagger"]));
        writer.Message(2, info =>
        {
            info.Text(1, Text(document["info"]!["title"]));
            info.Text(2, Text(document["info"]!["version"]));
        });
        writer.Message(8, paths => Named(paths, 2, document["paths"]!.AsObject(), Path));
        writer.Message(9, definitions => Named(definitions, 1, document["definitions"]!.AsObject(), SwaggerSchemaProtobuf.Write));
        return writer.ToArray();
    }

    /// <summary>A map as gnostic has it: repeated {1 name, 2 value}.</summary>
    internal static void Named(ProtobufWriter writer, int field, JsonObject map, Action<ProtobufWriter, JsonObject> write)
    {
        foreach (var (name, value) in map)
        {
            writer.Message(field, entry =>
            {
                entry.Text(1, name);
                entry.Message(2, inner => write(inner, value!.AsObject()));
            });
        }
    }

    /// <summary>An extension: {1 name, 2 {2 the value as YAML, of which JSON is a part}}.</summary>
    internal static void Extension(ProtobufWriter writer, int field, string name, JsonNode value) => writer.Message(field, entry =>
    {
        entry.Text(1, name);
        entry.Message(2, any => any.Text(2, value.ToJsonString() + "\n"));
    });

    internal static bool IsExtension(string key) => key.StartsWith("x-", StringComparison.Ordinal);

    internal static string Text(JsonNode? node) => node!.GetValue<string>();

    internal static NotSupportedException Unknown(string where, string key) => new($"the protobuf form of {where} lacks a field for {key}");

    private static void Path(ProtobufWriter writer, JsonObject path)
    {
        foreach (var (key, value) in path)
        {
            if (key == "parameters")
                Parameters(writer, 9, value!.AsArray());
            else
                writer.Message(MethodField(key), operation => Operation(operation, value!.AsObject()));
        }
    }

    private static int MethodField(string method) => method switch
    {
        "get" => 2,
        "put" => 3,
        "post" => 4,
        "delete" => 5,
        "patch" => 8,
        _ => throw Unknown("a path", method),
    };

    private static void Operation(ProtobufWriter writer, JsonObject operation)
    {
        foreach (var (key, value) in operation)
        {
            switch (key)
            {
                case "tags":
                    writer.Texts(1, value!.AsArray());
                    break;
                case "description":
                    writer.Text(3, Text(value));
                    break;
                case "operationId":
                    writer.Text(5, Text(value));
                    break;
                case "produces":
                    writer.Texts(6, value!.AsArray());
                    break;
                case "consumes":
                    writer.Texts(7, value!.AsArray());
                    break;
                case "parameters":
                    Parameters(writer, 8, value!.AsArray());
                    break;
                case "responses":
                    writer.Message(9, responses => Named(responses, 1, value!.AsObject(), Response));
                    break;
                case "schemes":
                    writer.Texts(10, value!.AsArray());
                    break;
                case var extension when IsExtension(extension):
                    Extension(writer, 13, key, value!);
                    break;
                default:
                    throw Unknown("an operation", key);
            }
        }
    }

    /// <summary>ResponseValue {1 Response {1 description, 2 SchemaItem {1 Schema}}}.</summary>
    private static void Response(ProtobufWriter writer, JsonObject response) => writer.Message(1, inner =>
    {
        inner.Text(1, Text(response["description"]));
        if (response["schema"] is JsonObject schema)
            inner.Message(2, item => item.Message(1, written => SwaggerSchemaProtobuf.Write(written, schema)));
    });

    private static void Parameters(ProtobufWriter writer, int field, JsonArray parameters)
    {
        foreach (var parameter in parameters)
            writer.Message(field, item => item.Message(1, inner => Parameter(inner, parameter!.AsObject())));
    }

    /// <summary>Parameter {1 body, 2 {3 query, 4 path}}; the latter two differ in the numbers after the name.</summary>
    private static void Parameter(ProtobufWriter writer, JsonObject parameter)
    {
        var place = Text(parameter["in"]);
        if (place == "body")
        {
            writer.Message(1, body =>
            {
                body.Text(2, Text(parameter["name"]));
                body.Text(3, place);
                body.Flag(4, parameter["required"] is not null);
                body.Message(5, schema => SwaggerSchemaProtobuf.Write(schema, parameter["schema"]!.AsObject()));
            });
            return;
        }

        var query = place == "query";
        writer.Message(2, other => other.Message(query ? 3 : 4, inner =>
        {
            inner.Flag(1, parameter["required"] is not null);
            inner.Text(2, place);
            inner.Text(3, Text(parameter["description"]));
            inner.Text(4, Text(parameter["name"]));
            inner.Text(query ? 6 : 5, Text(parameter["type"]));
            inner.Flag(query ? 20 : 19, true);
        }));
    }
}

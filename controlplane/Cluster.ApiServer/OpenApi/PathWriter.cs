using System.Globalization;
using System.Text.Json.Nodes;
using Google.Protobuf.Reflection;

namespace Cluster.ApiServer.OpenApi;

/// <summary>Writes paths in one dialect.</summary>
internal sealed class PathWriter(OpenApiVersion version)
{
    public JsonObject Write(IEnumerable<ApiPath> paths) =>
        new(paths.OrderBy(path => path.Template, StringComparer.Ordinal).Select(path => KeyValuePair.Create(path.Template, (JsonNode?)Path(path))));

    /// <summary>The messages that the operations' bodies and responses name.</summary>
    public static IEnumerable<MessageDescriptor> Messages(IEnumerable<ApiPath> paths) =>
        paths.SelectMany(path => path.Operations).SelectMany(operation => new[] { operation.Body?.Message, operation.Response?.Message }).OfType<MessageDescriptor>();

    private JsonObject Path(ApiPath path)
    {
        var item = new JsonObject();
        foreach (var operation in path.Operations)
            item[operation.Method] = Operation(operation);
        var kind = path.Operations[0].Resource.Kind;
        if (path.Places(kind).Any())
            item["parameters"] = new JsonArray([.. path.Places(kind).Select(place => (JsonNode)Parameter("path", place.Name, "string", place.Description, true))]);
        return item;
    }

    private JsonObject Operation(ApiOperation operation)
    {
        var (group, apiVersion) = GroupVersionKinds.Split(operation.Kind.ApiVersion);
        var written = new JsonObject
        {
            ["description"] = operation.Description,
            ["operationId"] = operation.Id,
            ["tags"] = new JsonArray($"{(operation.Resource.Group.Length == 0 ? "core" : operation.Resource.Group.Split('.')[0])}_{operation.Resource.Version}"),
        };
        var parameters = new JsonArray([.. operation.Query.Select(query => (JsonNode)Parameter("query", query.Name, query.Type, query.Description, false))]);
        if (version == OpenApiVersion.V2)
            AddV2(operation, written, parameters);
        else
            AddV3(operation, written);
        if (parameters.Count > 0)
            written["parameters"] = parameters;
        written["responses"] = Responses(operation);
        written["x-kubernetes-action"] = operation.Action;
        written[GroupVersionKinds.Extension] = GroupVersionKinds.Node(group, apiVersion, operation.Kind.Kind);
        return written;
    }

    private void AddV2(ApiOperation operation, JsonObject written, JsonArray parameters)
    {
        written["consumes"] = Texts(operation.Consumes);
        written["produces"] = Texts(operation.Produces);
        written["schemes"] = new JsonArray("https");
        if (operation.Body is not { } body)
            return;
        var parameter = new JsonObject { ["in"] = "body", ["name"] = "body", ["schema"] = Reference(body) };
        if (operation.BodyRequired)
            parameter["required"] = true;
        parameters.Insert(0, parameter);
    }

    private void AddV3(ApiOperation operation, JsonObject written)
    {
        if (operation.Body is not { } body)
            return;
        var request = new JsonObject { ["content"] = Content(operation.Consumes, body) };
        if (operation.BodyRequired)
            request["required"] = true;
        written["requestBody"] = request;
    }

    private JsonObject Responses(ApiOperation operation)
    {
        var responses = new JsonObject();
        foreach (var (code, text) in operation.Successes)
        {
            var response = new JsonObject { ["description"] = text };
            if (version == OpenApiVersion.V3)
                response["content"] = Content(operation.Produces, operation.Response);
            else
                response["schema"] = operation.Response is { } message ? Reference(message) : Scalars.Of("string");
            responses[code.ToString(CultureInfo.InvariantCulture)] = response;
        }

        responses["401"] = new JsonObject { ["description"] = "Unauthorized" };
        return responses;
    }

    private JsonObject Content(IEnumerable<string> mediaTypes, BodySchema? message) => new(mediaTypes.Select(type =>
        KeyValuePair.Create(type, (JsonNode?)new JsonObject { ["schema"] = message is null ? Scalars.Of("string") : Reference(message) })));

    private JsonObject Reference(BodySchema schema) => new() { ["$ref"] = SchemaNames.Prefix(version) + schema.Name };

    private JsonObject Parameter(string place, string name, string type, string description, bool required)
    {
        var parameter = new JsonObject { ["description"] = description, ["in"] = place, ["name"] = name };
        if (required)
            parameter["required"] = true;
        if (version == OpenApiVersion.V3)
            parameter["schema"] = new JsonObject { ["type"] = type, ["uniqueItems"] = true };
        else
            (parameter["type"], parameter["uniqueItems"]) = (type, true);
        return parameter;
    }

    private static JsonArray Texts(IEnumerable<string> texts) => [.. texts.Select(text => (JsonNode)text)];
}

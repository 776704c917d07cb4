using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.Api.Json;
using Cluster.Api.MetaV1;

namespace Cluster.ApiServer.OpenApi;

/// <summary>The schemas of kinds that definitions added, in one dialect.</summary>
internal sealed class CustomSchemas(OpenApiVersion version)
{
    // What swagger's readers in clients know; the rest is checked by the server alone.
    private static readonly HashSet<string> KeptInV2 =
        ["description", "type", "format", "properties", "items", "additionalProperties", "required", "enum", "default"];

    /// <summary>The schemas of a resource's objects and lists, by name.</summary>
    public IEnumerable<KeyValuePair<string, JsonObject>> Of(ResourceType type)
    {
        yield return KeyValuePair.Create(BodySchema.Of(type).Name, Object(type));
        yield return KeyValuePair.Create(BodySchema.OfList(type)!.Name, List(type));
    }

    private JsonObject Object(ResourceType type)
    {
        var schema = (JsonObject)JsonCodec.ToNode(type.Custom!.Declared);
        if (version == OpenApiVersion.V2)
            schema = ForV2(schema);
        schema["type"] = "object";
        var properties = schema["properties"] as JsonObject ?? [];
        schema["properties"] = null;
        AddTypeMeta(properties);
        var metadata = Reference(ObjectMeta.Descriptor);
        metadata["description"] = "Name, labels and the rest that every object has.";
        properties["metadata"] = metadata;
        schema["properties"] = new JsonObject(properties.OrderBy(property => property.Key, StringComparer.Ordinal)
            .Select(property => KeyValuePair.Create(property.Key, property.Value?.DeepClone())));
        schema[GroupVersionKinds.Extension] = new JsonArray(GroupVersionKinds.Node(type.Group, type.Version, type.Kind));
        return schema;
    }

    private JsonObject List(ResourceType type)
    {
        var item = new JsonObject { ["$ref"] = SchemaNames.Prefix(version) + BodySchema.Of(type).Name };
        var metadata = Reference(ListMeta.Descriptor);
        metadata["description"] = "State of the list and where to continue it.";
        var properties = new JsonObject
        {
            ["items"] = new JsonObject { ["description"] = "The objects.", ["items"] = item, ["type"] = "array" },
            ["metadata"] = metadata,
        };
        AddTypeMeta(properties);
        return new JsonObject
        {
            ["description"] = $"A list of {type.Kind} objects.",
            ["type"] = "object",
            ["required"] = new JsonArray("items"),
            ["properties"] = properties,
            [GroupVersionKinds.Extension] = new JsonArray(GroupVersionKinds.Node(type.Group, type.Version, type.ListKind)),
        };
    }

    private static void AddTypeMeta(JsonObject properties)
    {
        properties["apiVersion"] = new JsonObject { ["description"] = "The version of the schema this object is written in.", ["type"] = "string" };
        properties["kind"] = new JsonObject { ["description"] = "The kind of this object.", ["type"] = "string" };
    }

    // In 3.0 nothing may stand beside a reference.
    private JsonObject Reference(Google.Protobuf.Reflection.MessageDescriptor message)
    {
        var reference = new JsonObject { ["$ref"] = SchemaNames.Reference(message, version) };
        return version == OpenApiVersion.V3 ? new JsonObject { ["allOf"] = new JsonArray(reference) } : reference;
    }

    private static JsonObject ForV2(JsonObject schema)
    {
        var kept = new JsonObject();
        var isFree = Flag(schema, "nullable") || Flag(schema, "x-kubernetes-int-or-string");
        var keepsUnknown = Flag(schema, "x-kubernetes-preserve-unknown-fields");
        foreach (var (name, value) in schema)
        {
            if (value is null || (!KeptInV2.Contains(name) && !name.StartsWith("x-kubernetes-", StringComparison.Ordinal)))
                continue;
            // Clients hold objects to what stands here: where it is not the whole truth, it must not.
            if ((isFree && name is ("type" or "items" or "properties")) || (keepsUnknown && name is ("items" or "properties")))
                continue;
            kept[name] = (name, value) switch
            {
                ("properties", JsonObject properties) => new JsonObject(properties.Select(property =>
                    KeyValuePair.Create(property.Key, (JsonNode?)(property.Value is JsonObject inner ? ForV2(inner) : [])))),
                ("items" or "additionalProperties", JsonObject inner) => ForV2(inner),
                ("additionalProperties", _) => new JsonObject(),
                _ => value.DeepClone(),
            };
        }

        return kept;
    }

    private static bool Flag(JsonObject schema, string name) =>
        schema[name] is JsonValue value && value.GetValueKind() == System.Text.Json.JsonValueKind.True;
}

using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.Api.Json;
using Cluster.Api.MetaV1;

namespace Cluster.ApiServer.OpenApi;

/// <summary>The schemas of kinds that definitions added, in one dialect.</summary>
internal sealed class CustomSchemas(OpenApiVersion version)
{
    /// <summary>The schemas of a resource's objects and lists, by name.</summary>
    public IEnumerable<KeyValuePair<string, JsonObject>> Of(ResourceType type)
    {
        yield return KeyValuePair.Create(BodySchema.Of(type).Name, Object(type));
        yield return KeyValuePair.Create(BodySchema.OfList(type)!.Name, List(type));
    }

    private JsonObject Object(ResourceType type)
    {
        var schema = (JsonObject)JsonCodec.ToNode(type.Custom!.Declared);
        // kubectl before 1.25 refuses what stands beside the fields it finds here: of a kind that keeps any field nothing may stand here.
        if (version == OpenApiVersion.V2 && SchemaFlags.KeepsUnknown(schema))
            return new JsonObject { ["type"] = "object", [GroupVersionKinds.Extension] = Kinds(type, type.Kind) };
        if (version == OpenApiVersion.V2)
            schema = SwaggerSubset.Of(schema);
        CompleteAll(schema);
        schema["type"] = "object";
        AddObjectMeta(schema, "Standard object's metadata: name, labels and the rest that every object has.");
        schema[GroupVersionKinds.Extension] = Kinds(type, type.Kind);
        return schema;
    }

    /// <summary>Adds what a schema's flags imply: the fields of an object within the object, the two types of a number or text.</summary>
    private void Complete(JsonObject schema)
    {
        CompleteAll(schema);
        if (version == OpenApiVersion.V3 && SchemaFlags.IsIntOrString(schema) && schema["anyOf"] is null)
            schema["anyOf"] = new JsonArray(new JsonObject { ["type"] = "integer" }, new JsonObject { ["type"] = "string" });
        if (!SchemaFlags.IsEmbedded(schema) || (version == OpenApiVersion.V2 && SchemaFlags.KeepsUnknown(schema)))
            return;
        AddObjectMeta(schema, "Name, labels and the rest of the object within.");
        var required = schema["required"] as JsonArray ?? [];
        var names = required.Select(name => name!.ToString()).Concat(["kind", "apiVersion"]).Distinct();
        schema["required"] = new JsonArray([.. names.Select(name => (JsonNode)name)]);
    }

    private void CompleteAll(JsonObject schema)
    {
        foreach (var inner in Within(schema))
            Complete(inner);
    }

    private static IEnumerable<JsonObject> Within(JsonObject schema) =>
        (schema["properties"] as JsonObject ?? []).Select(property => property.Value).Append(schema["items"]).Append(schema["additionalProperties"])
        .OfType<JsonObject>();

    private void AddObjectMeta(JsonObject schema, string description)
    {
        var properties = schema["properties"] as JsonObject ?? [];
        AddTypeMeta(properties);
        var metadata = Reference(ObjectMeta.Descriptor);
        metadata["description"] = description;
        properties["metadata"] = metadata;
        schema["properties"] = new JsonObject(properties.OrderBy(property => property.Key, StringComparer.Ordinal)
            .Select(property => KeyValuePair.Create(property.Key, property.Value?.DeepClone())));
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
            [GroupVersionKinds.Extension] = Kinds(type, type.ListKind),
        };
    }

    private static void AddTypeMeta(JsonObject properties)
    {
        properties["apiVersion"] = new JsonObject { ["description"] = "APIVersion defines which version of its schema this object is written in.", ["type"] = "string" };
        properties["kind"] = new JsonObject { ["description"] = "The kind of this object.", ["type"] = "string" };
    }

    // In 3.0 nothing may stand beside a reference.
    private JsonObject Reference(Google.Protobuf.Reflection.MessageDescriptor message)
    {
        var reference = new JsonObject { ["$ref"] = SchemaNames.Reference(message, version) };
        return version == OpenApiVersion.V3 ? new JsonObject { ["allOf"] = new JsonArray(reference) } : reference;
    }

    private static JsonArray Kinds(ResourceType type, string kind) => new(GroupVersionKinds.Node(type.Group, type.Version, kind));
}

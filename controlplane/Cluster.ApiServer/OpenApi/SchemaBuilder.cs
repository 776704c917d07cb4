using System.Text.Json.Nodes;
using Cluster.Api.Options;
using Google.Protobuf.Reflection;

namespace Cluster.ApiServer.OpenApi;

/// <summary>Turns messages into schemas, in one dialect, from their descriptors and field options.</summary>
internal sealed class SchemaBuilder(OpenApiVersion version, ContractComments comments)
{
    /// <summary>The schemas of the messages and of all they refer to, by name in ordinal order.</summary>
    public JsonObject Build(IEnumerable<MessageDescriptor> roots)
    {
        var schemas = new SortedDictionary<string, JsonObject>(StringComparer.Ordinal);
        var waiting = new Queue<MessageDescriptor>(roots);
        while (waiting.TryDequeue(out var message))
        {
            if (schemas.ContainsKey(SchemaNames.Of(message)))
                continue;
            schemas[SchemaNames.Of(message)] = Schema(message);
            foreach (var next in References(message))
                waiting.Enqueue(next);
        }

        return new JsonObject(schemas.Select(schema => KeyValuePair.Create(schema.Key, (JsonNode?)schema.Value)));
    }

    private JsonObject Schema(MessageDescriptor message)
    {
        var schema = new JsonObject();
        if (comments.Of(message) is { Length: > 0 } description)
            schema["description"] = description;
        if (JsonForms.Of(message) is not JsonForm.Object and var form)
            JsonForms.Describe(form, schema, version);
        else
            DescribeObject(message, schema);
        return schema;
    }

    private void DescribeObject(MessageDescriptor message, JsonObject schema)
    {
        schema["type"] = "object";
        var properties = new SortedDictionary<string, JsonNode?>(StringComparer.Ordinal);
        List<string> required = [];
        if (IsObject(message))
        {
            properties["apiVersion"] = Text("APIVersion defines which version of its schema this object is written in.");
            properties["kind"] = Text("The kind of this object.");
        }

        AddFields(message, properties, required);
        if (message.GetOptions()?.GetExtension(OptionsExtensions.StructType) is { Length: > 0 } structType)
            schema["x-kubernetes-map-type"] = structType;
        if (required.Count > 0)
            schema["required"] = new JsonArray([.. required.Order(StringComparer.Ordinal).Select(name => (JsonNode)name)]);
        if (properties.Count > 0)
            schema["properties"] = new JsonObject(properties);
        if (GroupVersionKinds.For(message) is { } kinds)
            schema[GroupVersionKinds.Extension] = kinds;
    }

    private static bool IsObject(MessageDescriptor message) => message.GetOptions()?.GetExtension(OptionsExtensions.Object) ?? false;

    private static JsonObject Text(string description) => new() { ["description"] = description, ["type"] = "string" };

    private void AddFields(MessageDescriptor message, SortedDictionary<string, JsonNode?> properties, List<string> required)
    {
        foreach (var field in message.Fields.InFieldNumberOrder())
        {
            if (FieldFacts.IsInline(field))
            {
                AddFields(field.MessageType, properties, required);
                continue;
            }

            properties[field.JsonName] = Property(field);
            if (FieldFacts.IsRequired(field))
                required.Add(field.JsonName);
        }
    }

    private JsonObject Property(FieldDescriptor field)
    {
        JsonObject property;
        if (field.IsMap)
            property = new JsonObject { ["type"] = "object", ["additionalProperties"] = Item(field.MessageType.FindFieldByNumber(2)) };
        else if (field.IsRepeated)
            property = new JsonObject { ["type"] = "array", ["items"] = Item(field) };
        else
            property = Value(field, withSiblings: true);

        if (comments.Of(field) is { Length: > 0 } description)
            property["description"] = description;
        FieldFacts.Describe(field, property);
        return property;
    }

    private JsonObject Item(FieldDescriptor field) => Value(field, withSiblings: false);

    /// <param name="field">One value of it.</param>
    /// <param name="withSiblings">More keys follow: in 3.0 they may not stand beside a $ref.</param>
    private JsonObject Value(FieldDescriptor field, bool withSiblings)
    {
        if (field.FieldType != FieldType.Message)
            return Scalars.Describe(field.FieldType);
        if (JsonForms.Of(field.MessageType) == JsonForm.StringList)
            return new JsonObject { ["type"] = "array", ["items"] = new JsonObject { ["type"] = "string" } };
        var reference = new JsonObject { ["$ref"] = SchemaNames.Reference(field.MessageType, version) };
        return version == OpenApiVersion.V3 && withSiblings ? new JsonObject { ["allOf"] = new JsonArray(reference) } : reference;
    }

    private static IEnumerable<MessageDescriptor> References(MessageDescriptor message)
    {
        if (JsonForms.Of(message) != JsonForm.Object)
            yield break;
        foreach (var field in message.Fields.InFieldNumberOrder())
        {
            var value = field.IsMap ? field.MessageType.FindFieldByNumber(2) : field;
            if (value.FieldType != FieldType.Message || JsonForms.Of(value.MessageType) == JsonForm.StringList)
                continue;
            if (!FieldFacts.IsInline(field))
            {
                yield return value.MessageType;
                continue;
            }

            foreach (var inner in References(value.MessageType))
                yield return inner;
        }
    }
}

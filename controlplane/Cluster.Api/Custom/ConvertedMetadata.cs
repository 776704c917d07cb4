using System.Text.Json;
using System.Text.Json.Nodes;
using Cluster.Api.MetaV1;
using Cluster.Api.Validation;

namespace Cluster.Api.Custom;

/// <summary>What a conversion webhook may do to an object's metadata: change labels and annotations, and nothing else.</summary>
public static class ConvertedMetadata
{
    /// <summary>The name, namespace and uid are what they were.</summary>
    /// <exception cref="FormatException">One is not.</exception>
    public static void Check(ObjectMeta before, JsonObject converted)
    {
        var metadata = converted["metadata"] as JsonObject;
        Same("name", before.Name);
        Same("namespace", before.Namespace);
        if (Text("uid") is var uid && uid != before.Uid)
            throw new FormatException($"must have the same UID: {before.Uid} != {uid}");

        void Same(string field, string was)
        {
            if (Text(field) is var text && text != was)
                throw new FormatException($"must have the same {field}: {was} != {text}");
        }

        string Text(string field) => metadata?[field] is JsonValue value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : "";
    }

    /// <summary>The metadata as it was, with the labels and annotations of the converted object.</summary>
    /// <exception cref="FormatException">It has none, or what it has is no label or annotation.</exception>
    public static ObjectMeta Restore(ObjectMeta before, JsonObject converted)
    {
        if (!converted.TryGetPropertyValue("metadata", out var given))
            throw new FormatException("missing metadata in converted object");
        if (given is not JsonObject metadata)
            throw new FormatException($"invalid metadata of type {GoType(given)} in converted object");
        var restored = before.Clone();
        Take(metadata, "labels", restored.Labels, errors => ObjectMetaRules.Labels(restored.Labels, FieldPath.Metadata.Child("labels"), errors));
        Take(metadata, "annotations", restored.Annotations, errors => ObjectMetaRules.Annotations(restored.Annotations, FieldPath.Metadata.Child("annotation"), errors));
        return restored;
    }

    private static void Take(JsonObject metadata, string field, IDictionary<string, string> values, Action<FieldErrors> check)
    {
        var before = values.ToDictionary();
        values.Clear();
        if (metadata[field] is not { } given)
            return;
        if (given is not JsonObject members)
            throw new FormatException($"invalid metadata.{field} of type {GoType(given)} in converted object");
        foreach (var (name, value) in members)
        {
            if (value is not JsonValue text || text.GetValueKind() != JsonValueKind.String)
                throw new FormatException($"metadata.{field}[{name}] must be a string, but is {GoType(value)} in converted object");
            values[name] = text.GetValue<string>();
        }

        if (before.Count == values.Count && before.All(pair => values.TryGetValue(pair.Key, out var value) && value == pair.Value))
            return;
        var errors = new FieldErrors();
        check(errors);
        if (errors.Count > 0)
            throw new FormatException(StatusErrors.Aggregate(errors));
    }

    private static string GoType(JsonNode? value) => value?.GetValueKind() switch
    {
        null => "<nil>",
        JsonValueKind.Object => "map[string]interface {}",
        JsonValueKind.Array => "[]interface {}",
        JsonValueKind.String => "string",
        JsonValueKind.Number => "int64",
        _ => "bool",
    };
}

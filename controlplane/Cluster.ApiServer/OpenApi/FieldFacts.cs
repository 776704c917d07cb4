using System.Text.Json.Nodes;
using Cluster.Api.Options;
using Google.Protobuf.Collections;
using Google.Protobuf.Reflection;

namespace Cluster.ApiServer.OpenApi;

/// <summary>What the field options of the contract say to OpenAPI.</summary>
internal static class FieldFacts
{
    public static bool IsInline(FieldDescriptor field) => field.GetOptions()?.GetExtension(OptionsExtensions.Inline) ?? false;

    public static bool IsRequired(FieldDescriptor field) => field.GetOptions()?.GetExtension(OptionsExtensions.Required) ?? false;

    /// <summary>Adds enumeration, default, and the extensions by which clients patch and server-side apply merge.</summary>
    public static void Describe(FieldDescriptor field, JsonObject property)
    {
        if (field.GetOptions() is not { } options)
            return;
        if (options.GetExtension(OptionsExtensions.DeclaredDefault) is { Length: > 0 } value)
            property["default"] = Default(field, value);
        if (options.GetExtension(OptionsExtensions.EnumValue) is { Count: > 0 } values)
            Target(field, property)["enum"] = Array(values);
        if (options.GetExtension(OptionsExtensions.ListMapKey) is { Count: > 0 } keys)
            property["x-kubernetes-list-map-keys"] = Array(keys);
        AddText(property, "x-kubernetes-list-type", options.GetExtension(OptionsExtensions.ListType));
        AddText(property, "x-kubernetes-map-type", options.GetExtension(OptionsExtensions.MapType));
        AddText(property, "x-kubernetes-patch-merge-key", options.GetExtension(OptionsExtensions.PatchMergeKey));
        AddText(property, "x-kubernetes-patch-strategy", options.GetExtension(OptionsExtensions.PatchStrategy));
    }

    /// <summary>An enumeration of a list's values belongs to its items.</summary>
    private static JsonObject Target(FieldDescriptor field, JsonObject property) =>
        field.IsRepeated && property["items"] is JsonObject items ? items : property;

    private static JsonNode Default(FieldDescriptor field, string text) =>
        field.FieldType == FieldType.String ? text : JsonNode.Parse(text)!;

    private static JsonArray Array(RepeatedField<string> values) => [.. values.Select(value => (JsonNode)value)];

    private static void AddText(JsonObject property, string key, string? value)
    {
        if (!string.IsNullOrEmpty(value))
            property[key] = value;
    }
}

using System.Text.Json.Nodes;
using Google.Protobuf.Reflection;

namespace Cluster.Api.Patching;

/// <summary>Kubernetes' strategic merge patch: maps merge, and the field's options say how lists do.</summary>
internal static class StrategicPatch
{
    public static JsonNode Apply(JsonNode current, JsonNode? patch, MessageDescriptor type)
    {
        if (patch is not JsonObject changes)
            throw PatchException.Unreadable(patch, "map[string]interface {}");
        return MergeMap((JsonObject)current, changes, PatchSchema.Of(type));
    }

    /// <summary>Merges a map; the patch is used up.</summary>
    /// <param name="schema">The map's fields; null where any key may stand.</param>
    public static JsonObject MergeMap(JsonObject original, JsonObject patch, PatchSchema? schema)
    {
        if (patch.TryGetPropertyValue(Directives.Marker, out var directive))
            return ByDirective(directive, patch);
        RetainKeys(original, patch);
        MergeOrderedLists(original, patch, schema);
        foreach (var (key, value) in patch.ToArray())
        {
            patch.Remove(key);
            if (key.StartsWith(Directives.DeleteFromList, StringComparison.Ordinal))
                DeleteFromList(original, Directives.FieldOf(key, Directives.DeleteFromList, Directives.BadPrimitiveList), value, schema);
            else
                MergeField(original, key, value, schema);
        }

        return original;
    }

    private static JsonObject ByDirective(JsonNode? directive, JsonObject patch)
    {
        switch (directive is JsonValue value && value.TryGetValue(out string? text) ? text : null)
        {
            case Directives.Replace:
                patch.Remove(Directives.Marker);
                return patch;
            case Directives.Delete:
                return [];
            default:
                throw Directives.UnknownType(directive, patch);
        }
    }

    private static void MergeField(JsonObject original, string key, JsonNode? value, PatchSchema? schema)
    {
        switch (original[key], value)
        {
            case (_, null):
                original.Remove(key);
                return;
            case (JsonObject map, JsonObject changes):
                var field = schema?[key];
                Store(original, key, field?.Replaces == true ? changes : MergeMap(map, changes, field?.Inner));
                return;
            case (JsonArray list, JsonArray changes):
                var listField = Field(schema, key);
                Store(original, key, listField.Merges ? StrategicLists.Merge(list, changes, listField) : changes);
                return;
            default:
                if (Directives.TryClean(value, dropNulls: true))
                    Store(original, key, value);
                else
                    original.Remove(key);
                return;
        }
    }

    private static void DeleteFromList(JsonObject original, string key, JsonNode? value, PatchSchema? schema)
    {
        if (value is null)
        {
            original.Remove(key);
            return;
        }

        if (original[key] is not JsonArray list || value is not JsonArray toDelete || (list.Count == 0 && toDelete.Count == 0))
            return;
        var field = Field(schema, key);
        Store(original, key, StrategicLists.DeleteScalars(list, toDelete, field));
    }

    // Clears what the patch does not name of a union, such as the strategy a Deployment had before.
    private static void RetainKeys(JsonObject original, JsonObject patch)
    {
        if (!patch.TryGetPropertyValue(Directives.RetainKeys, out var keys))
            return;
        patch.Remove(Directives.RetainKeys);
        if (keys is not JsonArray list)
            throw new PatchException(Directives.BadRetainKeys, PatchException.Malformed);
        var retained = list.Select(JsonScalars.Key).ToHashSet(StringComparer.Ordinal);
        foreach (var (key, value) in patch)
        {
            var says = value is not null && !key.StartsWith(Directives.DeleteFromList, StringComparison.Ordinal)
                && !key.StartsWith(Directives.SetElementOrder, StringComparison.Ordinal);
            if (says && !retained.Contains("s" + key))
                throw new PatchException(Directives.BadRetainKeys, PatchException.Malformed);
        }

        foreach (var (key, _) in original.ToArray())
        {
            if (!retained.Contains("s" + key))
                original.Remove(key);
        }
    }

    // Lists that come with an order are merged and put in that order; both keys leave the patch.
    private static void MergeOrderedLists(JsonObject original, JsonObject patch, PatchSchema? schema)
    {
        foreach (var (key, value) in patch.ToArray())
        {
            if (!key.StartsWith(Directives.SetElementOrder, StringComparison.Ordinal))
                continue;
            patch.Remove(key);
            if (value is not JsonArray order)
                throw PatchException.WrongType("[]interface {}", value);
            var name = Directives.FieldOf(key, Directives.SetElementOrder, Directives.BadElementOrder);
            var (list, changes) = (List(original, name), List(patch, name));
            var field = Field(schema, name);
            ElementOrder.Check(changes, order, field.MergeKey);
            patch.Remove(name);
            if (list is not null || changes is not null)
                Store(original, name, StrategicLists.MergeInOrder(list, changes, order, field));
        }
    }

    private static JsonArray? List(JsonObject map, string key) =>
        !map.TryGetPropertyValue(key, out var value) ? null : value as JsonArray ?? throw PatchException.WrongType("[]interface {}", value);

    private static PatchField Field(PatchSchema? schema, string key) =>
        schema?[key] ?? throw new PatchException(
            "merging an object in json but data type is not struct, instead is: map", PatchException.Unforeseen);

    // A node has one parent: results may be the node that is there already, or one of another list.
    private static void Store(JsonObject target, string key, JsonNode? value)
    {
        if (value is not null && ReferenceEquals(target[key], value))
            return;
        target[key] = value?.Parent is null ? value : value.DeepClone();
    }
}

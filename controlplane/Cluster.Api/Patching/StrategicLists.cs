using System.Text.Json.Nodes;

namespace Cluster.Api.Patching;

/// <summary>Merging of lists: elements are told apart by the merge key, or by themselves when they are scalars.</summary>
internal static class StrategicLists
{
    public static JsonArray Merge(JsonArray original, JsonArray patch, PatchField field)
    {
        if (original.Count == 0 && patch.Count == 0)
            return original;
        var (server, changes) = (Take(original), Take(patch));
        var keys = Keys(server, changes, field);
        if (!keys.AreMaps)
            return ToArray(ElementOrder.Arrange(Distinct(server, changes, keys), changes, server, keys));
        (server, changes) = ApplyDirectives(server, changes, keys);
        var merged = MergeMaps(server, changes, keys, field);
        return ToArray(ElementOrder.Arrange(merged, changes, server, keys));
    }

    /// <summary>Takes the elements of a parallel <c>$deleteFromPrimitiveList</c> out of a list of scalars.</summary>
    public static JsonArray DeleteScalars(JsonArray original, JsonArray toDelete, PatchField field)
    {
        var (list, deleted) = (Take(original), Take(toDelete));
        var keys = Keys(list, deleted, field);
        if (keys.AreMaps)
            return Merge(ToArray(list), ToArray(deleted), field);
        var gone = deleted.Select(item => keys.Of(item)).ToHashSet(StringComparer.Ordinal);
        return ToArray(list.Where(item => !gone.Contains(keys.Of(item))));
    }

    /// <summary>Merges a list that comes with <c>$setElementOrder</c>.</summary>
    public static JsonArray MergeInOrder(JsonArray? original, JsonArray? patch, JsonArray order, PatchField field)
    {
        var (before, changes) = (original is null ? [] : Clone(original), patch is null ? [] : Clone(patch));
        JsonArray merged;
        if (patch is null)
        {
            merged = original!;
        }
        else if (original is null)
        {
            Directives.TryClean(patch, dropNulls: false);
            merged = patch;
        }
        else
        {
            merged = field.Merges ? Merge(original, patch, field) : patch;
        }

        var keys = Keys(before, changes, field);
        var wanted = Clone(order);
        if (keys.AreMaps && wanted.FindIndex(item => item is not JsonObject) is >= 0 and var wrong)
            throw new PatchException($"value for key {wrong} is not a map", PatchException.Unforeseen);
        var serverOrder = keys.AreMaps && patch is not null && field.Merges ? ElementOrder.AfterMerge(before, changes, keys) : before;
        return ToArray(ElementOrder.Arrange(Take(merged), wanted, serverOrder, keys));
    }

    private static ElementKeys Keys(List<JsonNode?> server, List<JsonNode?> changes, PatchField field)
    {
        var type = "";
        foreach (var item in server.Concat(changes))
        {
            if (item is JsonArray)
                throw new PatchException("lists of lists are not supported", PatchException.DoesNotFit);
            var itemType = JsonScalars.GoType(item);
            if (type.Length > 0 && type != itemType)
            {
                var lists = $"[{GoPrint(server)} {GoPrint(changes)}]";
                throw new PatchException("list element types are not identical: " + lists, PatchException.Unforeseen);
            }

            type = itemType;
        }

        if (type.Length == 0)
            throw new PatchException("no elements in any of the given slices", PatchException.Unforeseen);
        var areMaps = (server.Count > 0 ? server[0] : changes[0]) is JsonObject;
        if (areMaps && field.MergeKey.Length == 0)
            throw new PatchException("cannot merge lists without merge key for struct", PatchException.Unforeseen);
        return new ElementKeys(field.MergeKey, areMaps);
    }

    private static (List<JsonNode?> Server, List<JsonNode?> Changes) ApplyDirectives(
        List<JsonNode?> server, List<JsonNode?> patch, ElementKeys keys)
    {
        var changes = new List<JsonNode?>(patch.Count);
        var deleted = new HashSet<string>(StringComparer.Ordinal);
        var replaces = false;
        foreach (var item in patch.Cast<JsonObject>())
        {
            if (!item.TryGetPropertyValue(Directives.Marker, out var directive))
            {
                changes.Add(item);
                continue;
            }

            switch (directive is JsonValue value && value.TryGetValue(out string? text) ? text : null)
            {
                case Directives.Delete:
                    deleted.Add(keys.Of(item));
                    break;
                case Directives.Replace:
                    replaces = true;
                    break;
                case Directives.Merge:
                    throw new PatchException("merging lists cannot yet be specified in the patch", PatchException.Unforeseen);
                default:
                    throw Directives.UnknownType(directive, item);
            }
        }

        if (replaces)
            return (changes, []);
        return (deleted.Count == 0 ? server : [.. server.Where(item => !deleted.Contains(keys.Of(item, orEmpty: true)))], changes);
    }

    private static List<JsonNode?> MergeMaps(List<JsonNode?> server, List<JsonNode?> changes, ElementKeys keys, PatchField field)
    {
        var merged = new List<JsonNode?>(server);
        var places = keys.Places(merged);
        foreach (var change in changes)
        {
            var key = keys.Of(change);
            if (places.TryGetValue(key, out var place))
            {
                merged[place] = StrategicPatch.MergeMap((JsonObject)merged[place]!, (JsonObject)change!.DeepClone(), field.Inner);
            }
            else
            {
                places[key] = merged.Count;
                merged.Add(change);
            }
        }

        return merged;
    }

    private static List<JsonNode?> Distinct(List<JsonNode?> server, List<JsonNode?> changes, ElementKeys keys)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        return [.. server.Concat(changes).Where(item => seen.Add(keys.Of(item)))];
    }

    private static List<JsonNode?> Take(JsonArray array)
    {
        var items = new List<JsonNode?>(array);
        array.Clear();
        return items;
    }

    private static List<JsonNode?> Clone(JsonArray array) => [.. array.Select(item => item?.DeepClone())];

    private static JsonArray ToArray(IEnumerable<JsonNode?> items) => [.. items];

    private static string GoPrint(List<JsonNode?> items) => $"[{string.Join(' ', items.Select(JsonScalars.GoPrint))}]";
}

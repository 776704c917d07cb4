using System.Text.Json.Nodes;

namespace Cluster.Api.Patching;

/// <summary>Merging of lists: elements are told apart by the merge key, or by themselves when they are scalars.</summary>
/// <remarks>
/// The order of the result: elements the patch names stand as the patch has them, the others as they stood; the two are
/// interleaved by their old order, and where that does not tell, the patch's come first.
/// </remarks>
internal static class StrategicLists
{
    public static JsonArray Merge(JsonArray original, JsonArray patch, PatchField field)
    {
        if (original.Count == 0 && patch.Count == 0)
            return original;
        var (server, changes) = (Take(original), Take(patch));
        var keys = Keys(server, changes, field);
        if (!keys.AreMaps)
            return ToArray(Arrange(Distinct(server, changes, keys), changes, server, keys));
        (server, changes) = ApplyDirectives(server, changes, keys);
        var merged = MergeMaps(server, changes, keys, field);
        return ToArray(Arrange(merged, changes, server, keys));
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
        var serverOrder = keys.AreMaps && patch is not null && field.Merges ? OrderAfterMerge(before, changes, keys) : before;
        return ToArray(Arrange(Take(merged), wanted, serverOrder, keys));
    }

    // Kubernetes takes the old order from the list it has merged in place: deletions have closed up, and new elements
    // stand where there was room again. Results must have its order, so the same is done to a copy.
    private static List<JsonNode?> OrderAfterMerge(List<JsonNode?> before, List<JsonNode?> changes, ElementKeys keys)
    {
        var slots = before.ToArray();
        var length = slots.Length;
        foreach (var deletion in changes.Where(Directives.IsIn).Where(change => ((JsonObject)change!)[Directives.Marker]!.GetValue<string>() == Directives.Delete))
        {
            for (var at = 0; at < length; at++)
            {
                if (keys.Of(slots[at]) != keys.Of(deletion))
                    continue;
                slots.AsSpan(at + 1, length - at - 1).CopyTo(slots.AsSpan(at));
                length--;
                at--;
            }
        }

        var known = slots[..length].Select(item => keys.Of(item)).ToHashSet(StringComparer.Ordinal);
        foreach (var change in changes.Where(change => !Directives.IsIn(change)))
        {
            if (length < slots.Length && known.Add(keys.Of(change)))
                slots[length++] = change;
        }

        return [.. slots];
    }

    /// <summary>The elements of a patch must stand in the order list, in the same order.</summary>
    public static void CheckOrder(JsonArray? patch, JsonArray order, string mergeKey)
    {
        if (patch is null || patch.Count == 0 || order.Count == 0)
            return;
        var keys = new ElementKeys(mergeKey, mergeKey.Length > 0);
        var at = 0;
        foreach (var item in patch)
        {
            if (Directives.IsIn(item))
                continue;
            while (at < order.Count && keys.Of(item) != keys.Of(order[at]))
                at++;
            if (at++ >= order.Count)
                throw new PatchException($"The order in patch list:\n{JsonScalars.GoPrint(patch)}\n doesn't match {Directives.SetElementOrder} list:\n{JsonScalars.GoPrint(order)}\n", PatchException.Unforeseen);
        }
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
                throw new PatchException($"list element types are not identical: [{GoPrint(server)} {GoPrint(changes)}]", PatchException.Unforeseen);
            type = itemType;
        }

        if (type.Length == 0)
            throw new PatchException("no elements in any of the given slices", PatchException.Unforeseen);
        var areMaps = (server.Count > 0 ? server[0] : changes[0]) is JsonObject;
        if (areMaps && field.MergeKey.Length == 0)
            throw new PatchException("cannot merge lists without merge key for struct", PatchException.Unforeseen);
        return new ElementKeys(field.MergeKey, areMaps);
    }

    private static (List<JsonNode?> Server, List<JsonNode?> Changes) ApplyDirectives(List<JsonNode?> server, List<JsonNode?> patch, ElementKeys keys)
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

    private static IEnumerable<JsonNode?> Arrange(List<JsonNode?> merged, List<JsonNode?> patchOrder, List<JsonNode?> serverOrder, ElementKeys keys)
    {
        var (patchPlaces, serverPlaces) = (keys.Places(patchOrder), keys.Places(serverOrder));
        int ServerPlace(JsonNode? item) => serverPlaces.GetValueOrDefault(keys.Of(item), -1);

        // OrderBy is stable, and every element of either half has a place in the list it is sorted by.
        var fromPatch = merged.Where(item => patchPlaces.ContainsKey(keys.Of(item))).OrderBy(item => patchPlaces[keys.Of(item)]).ToList();
        var fromServer = merged.Where(item => !patchPlaces.ContainsKey(keys.Of(item))).OrderBy(ServerPlace).ToList();
        var (left, right) = (0, 0);
        while (left < fromServer.Count || right < fromPatch.Count)
        {
            var takesServer = right >= fromPatch.Count;
            if (!takesServer && left < fromServer.Count)
            {
                var (serverPlace, patchPlace) = (ServerPlace(fromServer[left]), ServerPlace(fromPatch[right]));
                takesServer = serverPlace >= 0 && patchPlace >= 0 && serverPlace < patchPlace;
            }

            yield return takesServer ? fromServer[left++] : fromPatch[right++];
        }
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

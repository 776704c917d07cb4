using System.Text.Json.Nodes;

namespace Cluster.Api.Patching;

/// <summary>The order of the elements of a merged list.</summary>
internal static class ElementOrder
{
    /// <summary>
    /// Elements the patch names stand as the patch has them, the others as they stood; the two are interleaved by their old
    /// order, and where that does not tell, the patch's come first.
    /// </summary>
    public static IEnumerable<JsonNode?> Arrange(
        List<JsonNode?> merged, List<JsonNode?> patchOrder, List<JsonNode?> serverOrder, ElementKeys keys)
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

    /// <summary>The old order of a list that came with <c>$setElementOrder</c>.</summary>
    /// <remarks>
    /// Kubernetes takes it from the list it has merged in place, where new elements stand in the room that deletions have left.
    /// Results must have its order, so the same is done here.
    /// </remarks>
    public static List<JsonNode?> AfterMerge(List<JsonNode?> before, List<JsonNode?> changes, ElementKeys keys)
    {
        var deleted = changes.Where(Directives.IsDeletion).Select(item => keys.Of(item)).ToHashSet(StringComparer.Ordinal);
        List<JsonNode?> order = [.. before.Where(item => !deleted.Contains(keys.Of(item, orEmpty: true)))];
        var room = before.Count - order.Count;
        var known = order.Select(item => keys.Of(item)).ToHashSet(StringComparer.Ordinal);
        order.AddRange(changes.Where(change => !Directives.IsIn(change) && known.Add(keys.Of(change))).Take(room));
        return order;
    }

    /// <summary>The elements of a patch must stand in the order list, in the same order.</summary>
    public static void Check(JsonArray? patch, JsonArray order, string mergeKey)
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
            {
                var (given, wanted) = (JsonScalars.GoPrint(patch), JsonScalars.GoPrint(order));
                var why = $"The order in patch list:\n{given}\n doesn't match {Directives.SetElementOrder} list:\n{wanted}\n";
                throw new PatchException(why, PatchException.Unforeseen);
            }
        }
    }
}

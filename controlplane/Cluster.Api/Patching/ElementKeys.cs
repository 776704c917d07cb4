using System.Text.Json.Nodes;

namespace Cluster.Api.Patching;

/// <summary>What tells the elements of a list apart: the value of the merge key of maps, or the scalar itself.</summary>
internal readonly struct ElementKeys(string mergeKey, bool areMaps)
{
    public bool AreMaps => areMaps;

    /// <param name="orEmpty">An element without the key is told apart from all that have it, and is no error.</param>
    /// <exception cref="PatchException">The element is no map, or a map without the key.</exception>
    public string Of(JsonNode? element, bool orEmpty = false)
    {
        if (!areMaps)
            return JsonScalars.Key(element);
        if (element is not JsonObject map)
            throw PatchException.WrongType("map[string]interface {}", element);
        if (map.TryGetPropertyValue(mergeKey, out var value))
            return JsonScalars.Key(value);
        return orEmpty ? "" : throw new PatchException(
            $"map: {JsonScalars.GoPrint(map)} does not contain declared merge key: {mergeKey}", PatchException.Unforeseen);
    }

    /// <summary>Where each key first stands.</summary>
    public Dictionary<string, int> Places(List<JsonNode?> items)
    {
        var places = new Dictionary<string, int>(items.Count, StringComparer.Ordinal);
        for (var index = 0; index < items.Count; index++)
            places.TryAdd(Of(items[index]), index);
        return places;
    }
}

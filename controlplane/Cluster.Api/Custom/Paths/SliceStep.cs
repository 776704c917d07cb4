using System.Text.Json.Nodes;

namespace Cluster.Api.Custom.Paths;

/// <summary><c>[1]</c>, <c>[-1]</c>, <c>[1:3]</c>, <c>[::2]</c>.</summary>
internal sealed class SliceStep(int? from, int? to, int step) : JsonPathStep
{
    public override void Add(JsonNode? value, List<JsonNode?> found)
    {
        if (value is not JsonArray list)
            return;
        var first = Place(from ?? 0, list.Count);
        var end = Math.Min(to is { } last ? Place(last, list.Count) : list.Count, list.Count);
        for (var index = Math.Max(first, 0); index < end; index += step)
            found.Add(list[index]);
    }

    private static int Place(int index, int count) => index < 0 ? index + count : index;
}

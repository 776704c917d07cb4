using System.Text.Json.Nodes;

namespace Cluster.Api.Custom.Paths;

/// <summary><c>[*]</c> or <c>.*</c>.</summary>
internal sealed class AllStep : JsonPathStep
{
    public override void Add(JsonNode? value, List<JsonNode?> found)
    {
        if (value is JsonArray list)
            found.AddRange(list);
        else if (value is JsonObject members)
            found.AddRange(members.OrderBy(member => member.Key, StringComparer.Ordinal).Select(member => member.Value));
    }
}

using System.Text.Json.Nodes;

namespace Cluster.Api.Custom.Paths;

/// <summary><c>..</c>: the value and everything below it.</summary>
internal sealed class DescentStep : JsonPathStep
{
    public override void Add(JsonNode? value, List<JsonNode?> found)
    {
        found.Add(value);
        if (value is JsonArray list)
        {
            foreach (var item in list)
                Add(item, found);
        }
        else if (value is JsonObject members)
        {
            foreach (var member in members)
                Add(member.Value, found);
        }
    }
}

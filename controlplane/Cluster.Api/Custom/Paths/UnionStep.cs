using System.Text.Json.Nodes;

namespace Cluster.Api.Custom.Paths;

/// <summary><c>[a,b]</c>: several steps from the same value.</summary>
internal sealed class UnionStep(IReadOnlyList<JsonPathStep> steps) : JsonPathStep
{
    public override void Add(JsonNode? value, List<JsonNode?> found)
    {
        foreach (var step in steps)
        {
            step.Add(value, found);
            if (found.Count > JsonPath.MostFound)
                return;
        }
    }
}

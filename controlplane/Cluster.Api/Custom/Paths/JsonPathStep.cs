using System.Text.Json.Nodes;

namespace Cluster.Api.Custom.Paths;

/// <summary>One step of a path: from a value to those below it.</summary>
internal abstract class JsonPathStep
{
    public abstract void Add(JsonNode? value, List<JsonNode?> found);
}

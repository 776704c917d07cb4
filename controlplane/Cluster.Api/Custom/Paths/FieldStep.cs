using System.Text.Json.Nodes;

namespace Cluster.Api.Custom.Paths;

/// <summary><c>.name</c> or <c>['name']</c>.</summary>
internal sealed class FieldStep(string name) : JsonPathStep
{
    public string Name { get; } = name;

    public override void Add(JsonNode? value, List<JsonNode?> found)
    {
        if (value is JsonObject members && members.TryGetPropertyValue(Name, out var member))
            found.Add(member);
    }
}

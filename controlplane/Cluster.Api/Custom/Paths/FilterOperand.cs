using System.Text.Json.Nodes;

namespace Cluster.Api.Custom.Paths;

/// <summary>One side of a filter: a path below the item, or a literal.</summary>
internal sealed record FilterOperand(JsonPath? Path, JsonNode? Literal)
{
    /// <summary>False: the path leads nowhere.</summary>
    public bool TryRead(JsonNode? item, out JsonNode? value)
    {
        value = Literal;
        if (Path is null)
            return true;
        var found = Path.Find(item);
        value = found.Count > 0 ? found[0] : null;
        return found.Count > 0;
    }
}

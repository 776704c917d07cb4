using System.Text.Json;
using System.Text.Json.Nodes;

namespace Cluster.Api.Custom;

/// <summary>Where the parts of a scale stand in an object of an added kind. Immutable.</summary>
/// <param name="Replicas">Names that lead to the wanted replicas, below spec.</param>
/// <param name="ActualReplicas">Names that lead to the actual replicas, below status.</param>
/// <param name="Selector">Names that lead to the label selector as text; null: there is none.</param>
public sealed record CustomScale(IReadOnlyList<string> Replicas, IReadOnlyList<string> ActualReplicas, IReadOnlyList<string>? Selector)
{
    /// <summary>The wanted replicas; null: the object does not say.</summary>
    public int? Wanted(JsonObject content) => Number(Find(content, Replicas));

    /// <summary>The actual replicas; 0 where the object does not say.</summary>
    public int Actual(JsonObject content) => Number(Find(content, ActualReplicas)) ?? 0;

    /// <summary>The label selector; empty where the object does not say.</summary>
    public string SelectorText(JsonObject content) =>
        Selector is not null && Find(content, Selector) is { } value && value.GetValueKind() == JsonValueKind.String ? value.GetValue<string>() : "";

    /// <summary>Sets the wanted replicas.</summary>
    public void SetWanted(JsonObject content, int replicas)
    {
        var at = content;
        foreach (var name in Replicas.Take(Replicas.Count - 1))
        {
            if (at[name] is not JsonObject below)
                at[name] = below = [];
            at = below;
        }

        at[Replicas[^1]] = (long)replicas;
    }

    private static JsonNode? Find(JsonObject content, IReadOnlyList<string> names)
    {
        JsonNode? at = content;
        foreach (var name in names)
            at = (at as JsonObject)?[name];
        return at;
    }

    private static int? Number(JsonNode? value) =>
        value is JsonValue && value.GetValueKind() == JsonValueKind.Number && int.TryParse(value.ToJsonString(), out var number) ? number : null;
}

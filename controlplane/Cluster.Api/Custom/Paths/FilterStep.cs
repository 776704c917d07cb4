using System.Text.Json;
using System.Text.Json.Nodes;

namespace Cluster.Api.Custom.Paths;

/// <summary><c>[?(@.type=="Ready")]</c>: the items for which it holds.</summary>
internal sealed class FilterStep(FilterOperand left, string comparison, FilterOperand? right) : JsonPathStep
{
    public override void Add(JsonNode? value, List<JsonNode?> found)
    {
        if (value is not JsonArray list)
            return;
        foreach (var item in list)
        {
            if (Holds(item))
                found.Add(item);
        }
    }

    private bool Holds(JsonNode? item)
    {
        if (!left.TryRead(item, out var first))
            return false;
        if (right is null)
            return true;
        if (!right.TryRead(item, out var second))
            return false;
        return comparison switch
        {
            "==" => JsonNode.DeepEquals(first, second),
            "!=" => !JsonNode.DeepEquals(first, second),
            _ => Order(first, second) is { } order && comparison switch
            {
                "<" => order < 0,
                "<=" => order <= 0,
                ">" => order > 0,
                _ => order >= 0,
            },
        };
    }

    private static int? Order(JsonNode? first, JsonNode? second) => (first?.GetValueKind(), second?.GetValueKind()) switch
    {
        (JsonValueKind.String, JsonValueKind.String) => string.CompareOrdinal(first!.GetValue<string>(), second!.GetValue<string>()),
        (JsonValueKind.Number, JsonValueKind.Number) => Number(first!).CompareTo(Number(second!)),
        _ => null,
    };

    private static double Number(JsonNode value) => double.Parse(value.ToJsonString(), System.Globalization.CultureInfo.InvariantCulture);
}

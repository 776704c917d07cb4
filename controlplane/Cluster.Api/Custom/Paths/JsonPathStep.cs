using System.Text.Json;
using System.Text.Json.Nodes;

namespace Cluster.Api.Custom.Paths;

/// <summary>One step of a path: from a value to those below it.</summary>
internal abstract class JsonPathStep
{
    public abstract void Add(JsonNode? value, List<JsonNode?> found);
}

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

/// <summary><c>[a,b]</c>: several steps from the same value.</summary>
internal sealed class UnionStep(IReadOnlyList<JsonPathStep> steps) : JsonPathStep
{
    public override void Add(JsonNode? value, List<JsonNode?> found)
    {
        foreach (var step in steps)
            step.Add(value, found);
    }
}

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

using System.Text.Json.Nodes;
using Cluster.Api.Apply.Schema;

namespace Cluster.Api.Apply.Trees;

/// <summary>Lays an applied configuration over a tree. Nothing is removed by it.</summary>
internal static class TreeMerge
{
    /// <param name="type">The type of both.</param>
    /// <param name="live">What is there; it may hold list elements twice.</param>
    /// <param name="applied">What goes over it; checked, without duplicates.</param>
    public static JsonObject Merge(ApplyType type, JsonObject live, JsonObject applied) => Members(type, live, applied) ?? [];

    private static bool Value(ApplyType type, bool hasLive, JsonNode? live, bool hasApplied, JsonNode? applied, out JsonNode? merged)
    {
        if (IsLeaf(type, live, applied))
        {
            merged = (hasApplied ? applied : live)?.DeepClone();
            return true;
        }

        merged = type.Kind == ApplyKind.List
            ? ListMerge.Merge(type, live as JsonArray, applied as JsonArray, MergeItem)
            : Members(type, live as JsonObject, applied as JsonObject);
        return merged is not null;
    }

    private static bool IsLeaf(ApplyType type, JsonNode? live, JsonNode? applied) => type.IsAtomic || type.Kind switch
    {
        ApplyKind.Scalar => true,
        ApplyKind.Any when applied is not (null or JsonObject) => true,
        ApplyKind.List => live is not JsonArray { Count: > 0 } && applied is not JsonArray { Count: > 0 },
        _ => live is not JsonObject { Count: > 0 } && applied is not JsonObject { Count: > 0 },
    };

    private static JsonObject? Members(ApplyType type, JsonObject? live, JsonObject? applied)
    {
        var merged = new JsonObject();
        foreach (var (name, value) in live ?? [])
        {
            JsonNode? over = null;
            var isApplied = applied is not null && applied.TryGetPropertyValue(name, out over);
            Member(merged, type, name, true, value, isApplied, over);
        }

        foreach (var (name, value) in applied ?? [])
        {
            if (live is null || !live.ContainsKey(name))
                Member(merged, type, name, false, null, true, value);
        }

        return merged.Count > 0 ? merged : null;
    }

    private static void Member(
        JsonObject merged, ApplyType type, string name, bool hasLive, JsonNode? live, bool hasApplied, JsonNode? applied)
    {
        if (type.Member(name) is { } inner && Value(inner, hasLive, live, hasApplied, applied, out var result))
            merged[name] = result;
    }

    private static bool MergeItem(ApplyType type, bool hasLive, JsonNode? live, bool hasApplied, JsonNode? applied, out JsonNode? merged) =>
        Value(type, hasLive, live, hasApplied, applied, out merged);
}

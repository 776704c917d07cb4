using System.Text.Json.Nodes;

namespace Cluster.Api.Patching;

/// <summary>The keys of a strategic patch that say how, and are no fields.</summary>
internal static class Directives
{
    public const string Marker = "$patch";
    public const string Delete = "delete";
    public const string Replace = "replace";
    public const string Merge = "merge";
    public const string RetainKeys = "$retainKeys";

    public const string DeleteFromList = "$deleteFromPrimitiveList";
    public const string SetElementOrder = "$setElementOrder";

    public const string BadPrimitiveList = "invalid patch format of primitive list";
    public const string BadElementOrder = "invalid patch format of setElementOrder list";
    public const string BadRetainKeys = "invalid patch format of retainKeys";

    /// <summary>The field a parallel list such as <c>$setElementOrder/ports</c> speaks of.</summary>
    public static string FieldOf(string key, string directive, string problem) =>
        key.StartsWith(directive + "/", StringComparison.Ordinal) ? key[(directive.Length + 1)..]
        : throw new PatchException(problem, PatchException.Malformed);

    /// <summary>True for an element that only says to delete or replace.</summary>
    public static bool IsIn(JsonNode? node) => node is JsonObject members && members.ContainsKey(Marker);

    /// <summary>True for an element that says to delete the one with its key.</summary>
    public static bool IsDeletion(JsonNode? node) =>
        node is JsonObject members && members[Marker] is JsonValue value && value.TryGetValue(out string? text) && text == Delete;

    /// <summary>The value of a patch as it is to be stored where nothing was: without directives and nulls.</summary>
    /// <returns>False when the value itself is a directive, and nothing is to be stored.</returns>
    public static bool TryClean(JsonNode? value, bool dropNulls)
    {
        if (value is JsonObject members)
        {
            if (members.ContainsKey(Marker))
                return false;
            foreach (var (key, inner) in members.ToArray())
            {
                if ((inner is null && dropNulls) || !TryClean(inner, dropNulls))
                    members.Remove(key);
            }
        }
        else if (value is JsonArray list)
        {
            for (var index = list.Count - 1; index >= 0; index--)
            {
                if (!TryClean(list[index], dropNulls))
                    list.RemoveAt(index);
            }
        }

        return true;
    }

    public static PatchException UnknownType(JsonNode? type, JsonObject map) =>
        new($"unknown patch type: {JsonScalars.GoString(type)} in map: {JsonScalars.GoPrint(map)}", PatchException.Unforeseen);
}

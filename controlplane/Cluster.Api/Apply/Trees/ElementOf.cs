using System.Globalization;
using System.Text.Json.Nodes;
using Cluster.Api.Apply.Fields;
using Cluster.Api.Apply.Schema;

namespace Cluster.Api.Apply.Trees;

/// <summary>Finds what tells one element of a set or keyed list from the others.</summary>
internal static class ElementOf
{
    /// <summary>The path element of a list element.</summary>
    /// <param name="problem">Set when there is none: why.</param>
    public static PathElement? Find(ApplyType list, JsonNode? item, out string? problem)
    {
        problem = null;
        return list.Keys.Count > 0 ? Keyed(list, item, ref problem) : InSet(item, ref problem);
    }

    private static PathElement? Keyed(ApplyType list, JsonNode? item, ref string? problem)
    {
        if (item is not JsonObject members)
        {
            problem = item is null ? "associative list with keys may not have a null element"
                : "associative list with keys may not have non-map elements";
            return null;
        }

        var keys = new (string Name, Scalar Value)[list.Keys.Count];
        for (var index = 0; index < keys.Length; index++)
        {
            var name = list.Keys[index];
            // An explicit null is not stored: it counts as left out, as it will be found there.
            if (members[name] is { } value)
            {
                keys[index] = (name, Scalar.Of(value));
            }
            else if (list.Element!.Field(name) is { Default: { } text } field)
            {
                keys[index] = (name, Default(field, text));
            }
            else
            {
                problem = $"associative list with keys has an element that omits key field {GoText.Quote(name)} (and doesn't have default value)";
                return null;
            }
        }

        Array.Sort(keys, static (left, right) => string.CompareOrdinal(left.Name, right.Name));
        return PathElement.Key(keys);
    }

    internal static Scalar Default(ApplyField field, string text) => field.Type.Scalar switch
    {
        ScalarKind.Number => Scalar.Of(long.Parse(text, CultureInfo.InvariantCulture)),
        ScalarKind.Boolean => Scalar.Of(text == "true"),
        _ => Scalar.Of(text),
    };

    private static PathElement? InSet(JsonNode? item, ref string? problem)
    {
        problem = item switch
        {
            JsonObject => "associative list without keys has an element that's a map type",
            JsonArray => "not supported: associative list with lists as elements",
            null => "associative list without keys has an element that's an explicit null",
            _ => null,
        };
        return problem is null ? PathElement.Value(Scalar.Of(item)) : null;
    }
}

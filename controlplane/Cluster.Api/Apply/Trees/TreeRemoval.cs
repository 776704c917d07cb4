using System.Text.Json.Nodes;
using Cluster.Api.Apply.Fields;
using Cluster.Api.Apply.Schema;

namespace Cluster.Api.Apply.Trees;

/// <summary>A tree without some of its fields and list elements.</summary>
internal static class TreeRemoval
{
    /// <summary>A copy without the members of the set. What loses all it had becomes null.</summary>
    public static JsonObject Remove(ApplyType type, JsonObject tree, FieldSet fields) => Value(type, tree, fields) as JsonObject ?? [];

    private static JsonNode? Value(ApplyType type, JsonNode? value, FieldSet fields) => value switch
    {
        JsonObject { Count: > 0 } members => type.IsAtomic ? null : Members(type, members, fields),
        JsonArray { Count: > 0 } list => type.IsAtomic || type.Kind == ApplyKind.Any ? null : Items(type, list, fields),
        JsonObject or JsonArray => null,
        _ => value?.DeepClone(),
    };

    private static JsonObject? Members(ApplyType type, JsonObject members, FieldSet fields)
    {
        var rest = new JsonObject();
        foreach (var (name, value) in members)
        {
            var element = type.Field(name)?.Element ?? PathElement.Field(name);
            var node = fields.Find(element);
            if (node is { IsMember: true })
                continue;
            rest[name] = node?.Children is { } inner && type.Member(name) is { } below ? Value(below, value, inner) : value?.DeepClone();
        }

        return rest.Count > 0 ? rest : null;
    }

    private static JsonArray? Items(ApplyType type, JsonArray list, FieldSet fields)
    {
        var rest = new JsonArray();
        foreach (var item in list)
        {
            var node = ElementOf.Find(type, item, out _) is { } element ? fields.Find(element) : null;
            if (node is { IsMember: true })
                continue;
            rest.Add(node?.Children is { } inner ? Value(type.Element!, item, inner) : item?.DeepClone());
        }

        return rest.Count > 0 ? rest : null;
    }
}

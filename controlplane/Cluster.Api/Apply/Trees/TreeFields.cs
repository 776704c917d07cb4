using System.Text.Json.Nodes;
using Cluster.Api.Apply.Fields;
using Cluster.Api.Apply.Schema;

namespace Cluster.Api.Apply.Trees;

/// <summary>The set of all fields a tree has: its leaves, the elements of its lists, the keys of its maps.</summary>
internal static class TreeFields
{
    /// <param name="type">The tree's type; the tree has been checked against it.</param>
    /// <param name="tree">Its root.</param>
    public static FieldSet Of(ApplyType type, JsonNode? tree)
    {
        var node = Visit(type, tree);
        return node.Children ?? FieldSet.Empty;
    }

    // What a value adds below its place, and whether it makes its own place a member.
    private static (bool IsMember, FieldSet? Children) Visit(ApplyType type, JsonNode? value)
    {
        if (type.IsAtomic)
            return (true, null);
        switch (type.Kind)
        {
            case ApplyKind.Scalar:
                return (true, null);
            case ApplyKind.List:
                return (false, value is JsonArray list ? Items(type, list) : null);
            case ApplyKind.Any when value is not JsonObject:
                return (value is not null, null);
            default:
                return (false, value is JsonObject members ? Members(type, members) : null);
        }
    }

    private static FieldSet Members(ApplyType type, JsonObject members)
    {
        var set = new FieldSet();
        foreach (var (name, value) in members)
        {
            var declared = type.Field(name);
            var (isMember, children) = Visit(declared?.Type ?? type.Member(name)!, value);
            isMember |= declared is null || value is null or JsonObject { Count: 0 };
            Add(set, declared?.Element ?? PathElement.Field(name), isMember, children);
        }

        return set;
    }

    private static FieldSet Items(ApplyType type, JsonArray list)
    {
        var set = new FieldSet();
        var elements = new PathElement?[list.Count];
        var counts = new Dictionary<PathElement, int>(list.Count);
        for (var index = 0; index < list.Count; index++)
        {
            if ((elements[index] = ElementOf.Find(type, list[index], out _)) is { } element)
                counts[element] = counts.GetValueOrDefault(element) + 1;
        }

        for (var index = 0; index < list.Count; index++)
        {
            if (elements[index] is not { } element)
                continue;
            // Of an element that is there twice only the fact is owned.
            var children = counts[element] > 1 ? null : Visit(type.Element!, list[index]).Children;
            Add(set, element, true, children);
        }

        return set;
    }

    private static void Add(FieldSet set, PathElement element, bool isMember, FieldSet? children)
    {
        if (children is { IsEmpty: true })
            children = null;
        if (isMember || children is not null)
            set.Append(new FieldSet.Node(element, isMember, children));
    }
}

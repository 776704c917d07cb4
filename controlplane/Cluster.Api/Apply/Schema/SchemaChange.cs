using Cluster.Api.Apply.Fields;

namespace Cluster.Api.Apply.Schema;

/// <summary>Fields that were named when a part of their type was merged, and now is owned as one whole.</summary>
internal static class SchemaChange
{
    /// <summary>The set as the type has it now: what was inside of an atomic value becomes that value. The same set where nothing changed.</summary>
    public static FieldSet Reconcile(ApplyType type, FieldSet fields)
    {
        FieldSet? changed = null;
        for (var index = 0; index < fields.Nodes.Count; index++)
        {
            var node = fields.Nodes[index];
            var now = Reconcile(type, node);
            if (changed is null && now != node)
            {
                changed = new FieldSet();
                for (var before = 0; before < index; before++)
                    changed.Append(fields.Nodes[before]);
            }

            changed?.Append(now);
        }

        return changed ?? fields;
    }

    private static FieldSet.Node Reconcile(ApplyType type, FieldSet.Node node)
    {
        if (node.Children is null || type.Below(node.Element) is not { Kind: not (ApplyKind.Any or ApplyKind.AnyAtomic) } inner)
            return node;
        if (inner.IsAtomic)
            return new FieldSet.Node(node.Element, true, null);
        var children = Reconcile(inner, node.Children);
        return ReferenceEquals(children, node.Children) ? node : node with { Children = children };
    }
}

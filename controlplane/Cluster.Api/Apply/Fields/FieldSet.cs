using System.Text;
using Cluster.Api.Apply.Schema;

namespace Cluster.Api.Apply.Fields;

/// <summary>A set of fields of an object, as a tree of path elements in order. What is made of two sets may share their subtrees.</summary>
/// <remarks>Filled with <see cref="Insert"/> by who makes it, then never changed. Operations cost time in the size of both sets.</remarks>
internal sealed class FieldSet
{
    public static readonly FieldSet Empty = new();

    private readonly List<Node> nodes = [];

    public IReadOnlyList<Node> Nodes => nodes;

    public bool IsEmpty => nodes.Count == 0;

    public static FieldSet Of(params IEnumerable<string[]> paths)
    {
        var set = new FieldSet();
        foreach (var path in paths)
            set.Insert([.. path.Select(PathElement.Field)]);
        return set;
    }

    /// <summary>Adds a field; not those above it. The empty path is the object itself, which nobody owns.</summary>
    public void Insert(params ReadOnlySpan<PathElement> path)
    {
        if (path.IsEmpty)
            return;
        var set = this;
        foreach (var element in path[..^1])
            set = set.Descend(element);
        set.Add(path[^1]);
    }

    /// <summary>Adds a node after all others, or between them.</summary>
    internal void Append(Node node)
    {
        if (nodes.Count == 0 || nodes[^1].Element.CompareTo(node.Element) < 0)
        {
            nodes.Add(node);
            return;
        }

        var at = Find(node.Element, out var found);
        if (found)
            nodes[at] = new Node(node.Element, nodes[at].IsMember || node.IsMember, node.Children ?? nodes[at].Children);
        else
            nodes.Insert(at, node);
    }

    public bool Has(params ReadOnlySpan<PathElement> path)
    {
        var set = this;
        for (var index = 0; index < path.Length; index++)
        {
            var at = set.Find(path[index], out var found);
            if (!found)
                return false;
            if (index == path.Length - 1)
                return set.nodes[at].IsMember;
            if (set.nodes[at].Children is not { } children)
                return false;
            set = children;
        }

        return false;
    }

    /// <summary>What the set says of one element: whether it holds it, and what below it.</summary>
    public Node? Find(PathElement element)
    {
        var at = Find(element, out var found);
        return found ? nodes[at] : null;
    }

    public FieldSet Union(FieldSet other) => IsEmpty ? other : other.IsEmpty ? this : Combine(other, Operation.Union);

    public FieldSet Intersection(FieldSet other) => IsEmpty || other.IsEmpty ? Empty : Combine(other, Operation.Intersection);

    /// <summary>What is in this set and not in the other. A field does not take those below it along.</summary>
    public FieldSet Difference(FieldSet other) => IsEmpty || other.IsEmpty ? this : Combine(other, Operation.Difference);

    /// <summary>As <see cref="Difference"/>, but a field takes all below it along.</summary>
    public FieldSet RecursiveDifference(FieldSet other) => IsEmpty || other.IsEmpty ? this : Combine(other, Operation.RecursiveDifference);

    /// <summary>Adds the declared fields that have members below them; not the keys of maps.</summary>
    public FieldSet WithNamedFields(ApplyType? type)
    {
        var result = new FieldSet();
        foreach (var node in nodes)
        {
            if (node.Children is null)
            {
                result.nodes.Add(node);
                continue;
            }

            var isNamed = node.Element.FieldName is { } name && type?.Field(name) is not null;
            var inner = node.Element.FieldName is not null || node.Element.IsKey ? type?.Below(node.Element) : null;
            result.nodes.Add(new Node(node.Element, node.IsMember || isNamed, node.Children.WithNamedFields(inner)));
        }

        return result;
    }

    public bool Covers(FieldSet other)
    {
        if (ReferenceEquals(this, other))
            return true;
        foreach (var node in other.nodes)
        {
            if (Find(node.Element) is not { } mine || (node.IsMember && !mine.IsMember))
                return false;
            if (node.Children is not null && (mine.Children is null || !mine.Children.Covers(node.Children)))
                return false;
        }

        return true;
    }

    /// <summary>The path of every member, as error texts show it: what stands on a level, then what is below it.</summary>
    public IEnumerable<string> Paths(string prefix = "")
    {
        foreach (var node in nodes.Where(node => node.IsMember))
            yield return prefix + node.Element;
        foreach (var node in nodes.Where(node => node.Children is not null))
        {
            foreach (var path in node.Children!.Paths(prefix + node.Element))
                yield return path;
        }
    }

    public override string ToString() => Encoding.UTF8.GetString(FieldsText.Write(this).Span);

    private FieldSet Descend(PathElement element)
    {
        var at = Find(element, out var found);
        if (!found)
            nodes.Insert(at, new Node(element, false, new FieldSet()));
        else if (nodes[at].Children is null)
            nodes[at] = nodes[at] with { Children = new FieldSet() };
        return nodes[at].Children!;
    }

    private void Add(PathElement element)
    {
        var at = Find(element, out var found);
        if (!found)
            nodes.Insert(at, new Node(element, true, null));
        else if (!nodes[at].IsMember)
            nodes[at] = nodes[at] with { IsMember = true };
    }

    private int Find(PathElement element, out bool found)
    {
        var (low, high) = (0, nodes.Count - 1);
        // Mostly what is looked for comes after all that is there: sets are built in order.
        if (high >= 0 && nodes[high].Element.CompareTo(element) < 0)
        {
            found = false;
            return nodes.Count;
        }

        while (low <= high)
        {
            var middle = (low + high) >>> 1;
            var order = nodes[middle].Element.CompareTo(element);
            if (order == 0)
            {
                found = true;
                return middle;
            }

            if (order < 0)
                low = middle + 1;
            else
                high = middle - 1;
        }

        found = false;
        return low;
    }

    private FieldSet Combine(FieldSet other, Operation operation)
    {
        var result = new FieldSet();
        var (mine, others) = (0, 0);
        while (mine < nodes.Count && others < other.nodes.Count)
        {
            var order = nodes[mine].Element.CompareTo(other.nodes[others].Element);
            if (order < 0)
                result.Keep(nodes[mine++], operation != Operation.Intersection);
            else if (order > 0)
                result.Keep(other.nodes[others++], operation == Operation.Union);
            else
                result.KeepBoth(nodes[mine++], other.nodes[others++], operation);
        }

        for (; mine < nodes.Count; mine++)
            result.Keep(nodes[mine], operation != Operation.Intersection);
        for (; others < other.nodes.Count; others++)
            result.Keep(other.nodes[others], operation == Operation.Union);
        return result;
    }

    private void Keep(Node node, bool isWanted)
    {
        if (isWanted)
            nodes.Add(node);
    }

    private void KeepBoth(Node mine, Node other, Operation operation)
    {
        if (operation == Operation.RecursiveDifference && other.IsMember)
            return;
        var isMember = operation switch
        {
            Operation.Union => mine.IsMember || other.IsMember,
            Operation.Intersection => mine.IsMember && other.IsMember,
            _ => mine.IsMember && !other.IsMember,
        };
        var children = (mine.Children, other.Children) switch
        {
            ({ } left, { } right) => left.Combine(right, operation),
            ({ } left, null) => operation == Operation.Intersection ? null : left,
            (null, { } right) => operation == Operation.Union ? right : null,
            _ => null,
        };
        if (children is { IsEmpty: true })
            children = null;
        if (isMember || children is not null)
            nodes.Add(new Node(mine.Element, isMember, children));
    }

    private enum Operation
    {
        Union,
        Intersection,
        Difference,
        RecursiveDifference,
    }

    /// <param name="Element">The step.</param>
    /// <param name="IsMember">The element itself is in the set.</param>
    /// <param name="Children">What is in the set below it; null for nothing.</param>
    internal readonly record struct Node(PathElement Element, bool IsMember, FieldSet? Children);
}

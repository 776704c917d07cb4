using Cluster.Api.Apply.Fields;

namespace Cluster.Api.Apply;

/// <summary>What became of an object's fields. No field is in two of the sets.</summary>
internal sealed class FieldChanges
{
    private readonly List<PathElement> path = [];

    public FieldSet Removed { get; private set; } = new();

    public FieldSet Modified { get; private set; } = new();

    public FieldSet Added { get; private set; } = new();

    public bool IsEmpty => Removed.IsEmpty && Modified.IsEmpty && Added.IsEmpty;

    /// <summary>The fields an other owner loses, as somebody gave them another value.</summary>
    public FieldSet Written => field ??= Modified.Union(Added);

    public void Enter(PathElement element) => path.Add(element);

    public void Leave() => path.RemoveAt(path.Count - 1);

    public void Remove() => Removed.Insert(Path);

    public void Modify() => Modified.Insert(Path);

    public void Add() => Added.Insert(Path);

    /// <summary>Forgets what happened to some fields and all below them.</summary>
    public FieldChanges Without(FieldSet? fields)
    {
        if (fields is { IsEmpty: false })
        {
            Removed = Removed.RecursiveDifference(fields);
            Modified = Modified.RecursiveDifference(fields);
            Added = Added.RecursiveDifference(fields);
        }

        return this;
    }

    private ReadOnlySpan<PathElement> Path => System.Runtime.InteropServices.CollectionsMarshal.AsSpan(path);
}

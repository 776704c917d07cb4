using System.Globalization;

namespace Cluster.Api.Validation;

/// <summary>Where a field stands in its object. The text is made only when an error needs it.</summary>
internal sealed class FieldPath
{
    public static readonly FieldPath Metadata = new(null, "metadata");
    public static readonly FieldPath Spec = new(null, "spec");
    public static readonly FieldPath Status = new(null, "status");

    private readonly FieldPath? parent;
    private readonly string? name;
    private readonly string? key;
    private readonly int index;

    private FieldPath(FieldPath? parent, string? name, string? key = null, int index = 0)
    {
        this.parent = parent;
        this.name = name;
        this.key = key;
        this.index = index;
    }

    /// <summary>A field at the top of the object.</summary>
    public static FieldPath Root(string name) => new(null, name);

    /// <summary>A field of this struct: <c>.name</c>.</summary>
    public FieldPath Child(string field) => new(this, field);

    /// <summary>An element of this list: <c>[0]</c>.</summary>
    public FieldPath Index(int at) => new(this, null, null, at);

    /// <summary>An entry of this map: <c>[key]</c>.</summary>
    public FieldPath Key(string entry) => new(this, null, entry);

    public override string ToString()
    {
        if (name is not null)
        {
            return parent is null ? name : $"{parent}.{name}";
        }
        return key is not null ? $"{parent}[{key}]" : string.Create(CultureInfo.InvariantCulture, $"{parent}[{index}]");
    }
}

using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using Cluster.Api.ApiExtensionsV1;
using Cluster.Api.Json;

namespace Cluster.Api.Custom.Schemas;

/// <summary>The schema of a value of an added kind, made for use: patterns compiled, defaults parsed.</summary>
/// <remarks>Immutable, and as deep as the definition's own. Made from schemas that <see cref="SchemaRules"/> found nothing wrong with.</remarks>
public sealed class CustomSchema
{
    private static readonly Dictionary<string, CustomSchema> NoProperties = [];

    private CustomSchema()
    {
    }

    /// <summary>Says nothing: what fits no better schema.</summary>
    public static CustomSchema Anything { get; } = new() { KeepsUnknown = true };

    /// <summary>object, array, string, integer, number or boolean; empty: not said.</summary>
    public string Type { get; private init; } = "";

    public string Format { get; private init; } = "";

    public bool IsNullable { get; private init; }

    /// <summary>An integer or a text.</summary>
    public bool IsIntOrString { get; private init; }

    /// <summary>Fields that are not named here are kept.</summary>
    public bool KeepsUnknown { get; private init; }

    /// <summary>The value is an object of the API itself.</summary>
    public bool IsEmbedded { get; private init; }

    public IReadOnlyDictionary<string, CustomSchema> Properties { get; private init; } = NoProperties;

    /// <summary>Other keys than those of <see cref="Properties"/> are allowed.</summary>
    public bool AllowsOthers { get; private init; }

    /// <summary>The schema of the values of other keys; null: they may be anything.</summary>
    public CustomSchema? Others { get; private init; }

    public CustomSchema? Items { get; private init; }

    /// <summary>What a field that is left out stands for; null: nothing. A copy is to be taken.</summary>
    public JsonNode? Default { get; private init; }

    public IReadOnlyList<string> Required { get; private init; } = [];

    /// <summary>The only values; null: all.</summary>
    public IReadOnlyList<JsonNode?>? Enum { get; private init; }

    /// <summary>The pattern as it was written; empty: none.</summary>
    public string Pattern { get; private init; } = "";

    public double? Minimum { get; private init; }

    public bool ExcludesMinimum { get; private init; }

    public double? Maximum { get; private init; }

    public bool ExcludesMaximum { get; private init; }

    public double? MultipleOf { get; private init; }

    public long? MinLength { get; private init; }

    public long? MaxLength { get; private init; }

    public long? MinItems { get; private init; }

    public long? MaxItems { get; private init; }

    public long? MinProperties { get; private init; }

    public long? MaxProperties { get; private init; }

    public IReadOnlyList<CustomSchema> AllOf { get; private init; } = [];

    public IReadOnlyList<CustomSchema> AnyOf { get; private init; } = [];

    public IReadOnlyList<CustomSchema> OneOf { get; private init; } = [];

    public CustomSchema? Not { get; private init; }

    /// <summary>atomic, set or map; empty: atomic.</summary>
    public string ListType { get; private init; } = "";

    public IReadOnlyList<string> ListKeys { get; private init; } = [];

    /// <summary>granular or atomic; empty: granular.</summary>
    public string MapType { get; private init; } = "";

    /// <summary>The compiled <see cref="Pattern"/>; null: none.</summary>
    internal Regex? PatternRegex { get; private init; }

    /// <summary>The length of the default as text; 0: none.</summary>
    internal int DefaultBytes { get; private init; }

    /// <summary>The types as errors list them.</summary>
    internal string TypeText => IsIntOrString && Type.Length == 0 ? "integer,string" : Type;

    /// <summary>The schema of an object with one field.</summary>
    internal static CustomSchema Holding(string name, CustomSchema value) =>
        new() { Type = "object", Properties = new Dictionary<string, CustomSchema> { [name] = value } };

    /// <summary>Makes the schema of a definition.</summary>
    /// <exception cref="ArgumentException">A pattern is no regular expression.</exception>
    public static CustomSchema Of(JSONSchemaProps from) => new()
    {
        Type = from.Type,
        Format = from.Format,
        IsNullable = from.Nullable,
        IsIntOrString = from.XKubernetesIntOrString,
        KeepsUnknown = from.XKubernetesPreserveUnknownFields,
        IsEmbedded = from.XKubernetesEmbeddedResource,
        Properties = from.Properties.ToDictionary(property => property.Key, property => Of(property.Value), StringComparer.Ordinal),
        AllowsOthers = from.AdditionalProperties is { } others && (others.Allows || others.Schema is not null),
        Others = from.AdditionalProperties?.Schema is { } other ? Of(other) : null,
        Items = from.Items?.Schema is { } items ? Of(items) : null,
        Default = from.Default is { Raw.IsEmpty: false } value ? JsonTrees.Parse(value.Raw.Span) : null,
        DefaultBytes = from.Default?.Raw.Length ?? 0,
        Required = [.. from.Required],
        Enum = from.Enum.Count == 0 ? null : [.. from.Enum.Select(allowed => allowed.Raw.IsEmpty ? null : JsonTrees.Parse(allowed.Raw.Span))],
        Pattern = from.Pattern,
        PatternRegex = from.Pattern.Length == 0 ? null : GoPattern.Compile(from.Pattern),
        Minimum = from.HasMinimum ? from.Minimum : null,
        ExcludesMinimum = from.ExclusiveMinimum,
        Maximum = from.HasMaximum ? from.Maximum : null,
        ExcludesMaximum = from.ExclusiveMaximum,
        MultipleOf = from.HasMultipleOf ? from.MultipleOf : null,
        MinLength = from.HasMinLength ? from.MinLength : null,
        MaxLength = from.HasMaxLength ? from.MaxLength : null,
        MinItems = from.HasMinItems ? from.MinItems : null,
        MaxItems = from.HasMaxItems ? from.MaxItems : null,
        MinProperties = from.HasMinProperties ? from.MinProperties : null,
        MaxProperties = from.HasMaxProperties ? from.MaxProperties : null,
        AllOf = [.. from.AllOf.Select(Of)],
        AnyOf = [.. from.AnyOf.Select(Of)],
        OneOf = [.. from.OneOf.Select(Of)],
        Not = from.Not is null ? null : Of(from.Not),
        ListType = from.XKubernetesListType,
        ListKeys = [.. from.XKubernetesListMapKeys],
        MapType = from.XKubernetesMapType,
    };
}

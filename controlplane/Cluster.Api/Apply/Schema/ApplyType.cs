using System.Collections.Concurrent;
using Cluster.Api.Apply.Fields;
using Cluster.Api.Options;
using Google.Protobuf.Reflection;

namespace Cluster.Api.Apply.Schema;

/// <summary>How values of a type are merged and owned: what of them is one whole, and what tells their parts apart.</summary>
/// <remarks>Made once a message of its descriptor and options; immutable and shared.</remarks>
internal sealed class ApplyType
{
    public static readonly ApplyType Any = new() { Kind = ApplyKind.Any, Name = "__untyped_deduced_" };
    public static readonly ApplyType AnyAtomic = new() { Kind = ApplyKind.AnyAtomic, IsAtomic = true, Name = "__untyped_atomic_" };

    private static readonly ConcurrentDictionary<(MessageDescriptor Message, bool IsAtomic), ApplyType> Structs = new();

    private Dictionary<string, ApplyField>? byName;

    public required ApplyKind Kind { get; init; }

    /// <summary>Owned and replaced as one.</summary>
    public bool IsAtomic { get; init; }

    public ScalarKind Scalar { get; init; }

    /// <summary>The fields of a struct, in ordinal order of their names.</summary>
    public ApplyField[] Fields { get; private set; } = [];

    /// <summary>The type of the values of a map or list; of a struct, that of fields it does not declare: null, there are none.</summary>
    public ApplyType? Element { get; init; }

    /// <summary>What tells the elements of a list apart, in declared order; empty for a set, whose elements are their own keys.</summary>
    public IReadOnlyList<string> Keys { get; init; } = [];

    /// <summary>The message's name in OpenAPI's words, for error texts and tests; empty for what has no name.</summary>
    public string Name { get; private init; } = "";

    /// <summary>Said by the field, against what the message says of itself.</summary>
    private string Override { get; init; } = "";

    /// <summary>The type of an object's message.</summary>
    public static ApplyType Of(MessageDescriptor message) => Of(message, IsAtomicMessage(message));

    private static ApplyType Of(MessageDescriptor message, bool isAtomic) =>
        Structs.TryGetValue((message, isAtomic), out var type) ? type : Structs.GetOrAdd((message, isAtomic), MakeStruct(message, isAtomic));

    /// <summary>The declared field of a name, or null.</summary>
    public ApplyField? Field(string name) => byName?.GetValueOrDefault(name);

    /// <summary>The type of what a field of a struct or a key of a map holds; null: no such field.</summary>
    public ApplyType? Member(string name) => Kind switch
    {
        ApplyKind.Struct => Field(name)?.Type ?? Element,
        ApplyKind.Map => Element,
        ApplyKind.Any => Any,
        ApplyKind.AnyAtomic => AnyAtomic,
        _ => null,
    };

    /// <summary>The type of what a path element leads to; null: nothing declared.</summary>
    public ApplyType? Below(PathElement element) =>
        element.FieldName is { } name ? Member(name) : Kind == ApplyKind.List ? Element : null;

    public override string ToString() => Kind switch
    {
        ApplyKind.Struct => Name + Override,
        ApplyKind.Map => $"map {(IsAtomic ? "atomic" : "separable")} of {Element}",
        ApplyKind.List => $"list {(IsAtomic ? "atomic" : Keys.Count == 0 ? "set" : "by " + string.Join(',', Keys))} of {Element}",
        ApplyKind.Scalar when Name.Length > 0 => Name,
        ApplyKind.Scalar => Scalar switch
        {
            ScalarKind.Text => "string",
            ScalarKind.Number => "numeric",
            ScalarKind.Boolean => "boolean",
            _ => "untyped",
        },
        _ => Name,
    };

    /// <summary>A struct that no message stands for.</summary>
    internal static ApplyType Struct(string name, bool isAtomic, IEnumerable<ApplyField> fields, ApplyType? undeclared)
    {
        var sorted = fields.OrderBy(field => field.Name, StringComparer.Ordinal).ToArray();
        return new ApplyType
        {
            Kind = ApplyKind.Struct,
            IsAtomic = isAtomic,
            Name = name,
            Fields = sorted,
            Element = undeclared,
            byName = sorted.ToDictionary(field => field.Name, StringComparer.Ordinal),
        };
    }

    private static ApplyType MakeStruct(MessageDescriptor message, bool isAtomic)
    {
        var fields = new List<ApplyField>();
        if (Json.Fields.FieldFactory.IsObject(message))
        {
            fields.Add(TypeMeta("apiVersion"));
            fields.Add(TypeMeta("kind"));
        }

        AddFields(message, [], fields);
        fields.Sort((left, right) => string.CompareOrdinal(left.Name, right.Name));
        return new ApplyType
        {
            Kind = ApplyKind.Struct,
            IsAtomic = isAtomic,
            Name = NameOf(message),
            Override = isAtomic == IsAtomicMessage(message) ? "" : isAtomic ? " atomic" : " separable",
            Fields = [.. fields],
            byName = fields.ToDictionary(field => field.Name, StringComparer.Ordinal),
        };
    }

    private static ApplyField TypeMeta(string name) =>
        new(name, () => new ApplyType { Kind = ApplyKind.Scalar, Scalar = ScalarKind.Text }, [], null);

    private static void AddFields(MessageDescriptor message, FieldDescriptor[] above, List<ApplyField> fields)
    {
        foreach (var field in message.Fields.InDeclarationOrder())
        {
            var options = field.GetOptions();
            if (options?.GetExtension(OptionsExtensions.Inline) ?? false)
                AddFields(field.MessageType, [.. above, field], fields);
            else
                fields.Add(new ApplyField(field.JsonName, () => TypeOf(field), [.. above, field], DefaultOf(field, options)));
        }
    }

    // A field that is always written and has no other default is zero where it is left out.
    private static string? DefaultOf(FieldDescriptor field, FieldOptions? options)
    {
        if (options is null || field.IsRepeated)
            return null;
        if (options.HasExtension(OptionsExtensions.DeclaredDefault))
            return options.GetExtension(OptionsExtensions.DeclaredDefault);
        if (options.GetExtension(OptionsExtensions.Presence) != Presence.Always || field.HasPresence)
            return null;
        return field.FieldType switch
        {
            FieldType.String => "",
            FieldType.Bool => "false",
            FieldType.Int32 or FieldType.Int64 => "0",
            _ => null,
        };
    }

    private static ApplyType TypeOf(FieldDescriptor field)
    {
        var options = field.GetOptions();
        var mapType = options?.GetExtension(OptionsExtensions.MapType) ?? "";
        if (field.IsMap)
        {
            var value = ValueOf(field.MessageType.FindFieldByNumber(2), "");
            return new ApplyType { Kind = ApplyKind.Map, IsAtomic = mapType == "atomic", Element = value };
        }

        if (!field.IsRepeated)
            return ValueOf(field, mapType);
        var listType = options?.GetExtension(OptionsExtensions.ListType) ?? "";
        return new ApplyType
        {
            Kind = ApplyKind.List,
            IsAtomic = listType is not ("set" or "map"),
            Element = ValueOf(field, ""),
            Keys = [.. options?.GetExtension(OptionsExtensions.ListMapKey) ?? []],
        };
    }

    private static ApplyType ValueOf(FieldDescriptor field, string mapType) => field.FieldType switch
    {
        FieldType.String or FieldType.Bytes => new ApplyType { Kind = ApplyKind.Scalar, Scalar = ScalarKind.Text },
        FieldType.Bool => new ApplyType { Kind = ApplyKind.Scalar, Scalar = ScalarKind.Boolean },
        FieldType.Message => MessageOf(field.MessageType, mapType),
        _ => new ApplyType { Kind = ApplyKind.Scalar, Scalar = ScalarKind.Number },
    };

    private static ApplyType MessageOf(MessageDescriptor message, string mapType) =>
        (message.GetOptions()?.GetExtension(OptionsExtensions.JsonForm) ?? JsonForm.Object) switch
        {
            JsonForm.Object => Of(message, mapType.Length > 0 ? mapType == "atomic" : IsAtomicMessage(message)),
            JsonForm.Raw or JsonForm.Any or JsonForm.SchemaOrArray or JsonForm.SchemaOrBool or JsonForm.SchemaOrStringArray => AnyAtomic,
            JsonForm.StringList => new ApplyType
            {
                Kind = ApplyKind.List, IsAtomic = true, Element = new ApplyType { Kind = ApplyKind.Scalar, Scalar = ScalarKind.Text },
            },
            _ => new ApplyType { Kind = ApplyKind.Scalar, Scalar = ScalarKind.Untyped, Name = NameOf(message) },
        };

    private static bool IsAtomicMessage(MessageDescriptor message) =>
        (message.GetOptions()?.GetExtension(OptionsExtensions.StructType) ?? "") == "atomic";

    // k8s.io.api.core.v1.Pod is io.k8s.api.core.v1.Pod to OpenAPI.
    private static string NameOf(MessageDescriptor message) => "io.k8s." + message.FullName["k8s.io.".Length..].Replace('_', '-');
}

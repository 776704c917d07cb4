using Cluster.Api.Custom.Schemas;
using Cluster.Api.MetaV1;

namespace Cluster.Api.Apply.Schema;

/// <summary>How objects of an added kind are merged and owned: what their schema says of lists and maps.</summary>
internal static class CustomApplyTypes
{
    private static readonly ApplyType Text = Scalar(ScalarKind.Text);

    /// <summary>The type of a whole object.</summary>
    public static ApplyType Of(CustomSchema schema, string kind) => Struct(schema, kind, isObject: true);

    private static ApplyType Value(CustomSchema? schema) => schema switch
    {
        null => ApplyType.Any,
        { IsIntOrString: true } => Scalar(ScalarKind.Untyped),
        { Type: "object" } => ObjectOf(schema),
        { Type: "array" } => new ApplyType
        {
            Kind = ApplyKind.List,
            IsAtomic = schema.ListType is not ("set" or "map"),
            Element = Value(schema.Items),
            Keys = schema.ListKeys,
        },
        { Type: "string" } => Text,
        { Type: "integer" or "number" } => Scalar(ScalarKind.Number),
        { Type: "boolean" } => Scalar(ScalarKind.Boolean),
        _ => ApplyType.Any,
    };

    private static ApplyType ObjectOf(CustomSchema schema)
    {
        var isAtomic = schema.MapType == "atomic";
        if (schema.Properties.Count > 0 || schema.IsEmbedded)
            return Struct(schema, "", schema.IsEmbedded);
        if (schema.AllowsOthers)
            return new ApplyType { Kind = ApplyKind.Map, IsAtomic = isAtomic, Element = Value(schema.Others) };
        return isAtomic ? ApplyType.AnyAtomic : ApplyType.Any;
    }

    private static ApplyType Struct(CustomSchema schema, string name, bool isObject)
    {
        var fields = schema.Properties.ToDictionary(
            property => property.Key,
            property => new ApplyField(property.Key, () => Value(property.Value), [], property.Value.Default is { } value ? DefaultText(value) : null),
            StringComparer.Ordinal);
        if (isObject)
        {
            fields["apiVersion"] = new ApplyField("apiVersion", () => Text, [], null);
            fields["kind"] = new ApplyField("kind", () => Text, [], null);
            fields["metadata"] = new ApplyField("metadata", () => ApplyType.Of(ObjectMeta.Descriptor), [], null);
        }

        return ApplyType.Struct(name, schema.MapType == "atomic", fields.Values, schema.KeepsUnknown ? ApplyType.Any : null);
    }

    private static string DefaultText(System.Text.Json.Nodes.JsonNode value) =>
        value.GetValueKind() == System.Text.Json.JsonValueKind.String ? value.GetValue<string>() : value.ToJsonString();

    private static ApplyType Scalar(ScalarKind kind) => new() { Kind = ApplyKind.Scalar, Scalar = kind };
}

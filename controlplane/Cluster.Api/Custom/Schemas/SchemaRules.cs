using System.Text.Json.Nodes;
using Cluster.Api.ApiExtensionsV1;
using Cluster.Api.Json;
using Cluster.Api.Validation;

namespace Cluster.Api.Custom.Schemas;

/// <summary>What a schema of a definition must keep to: what is supported of OpenAPI v3, and that it is structural.</summary>
/// <remarks>
/// Structural: the type of every field stands outside of allOf, anyOf, oneOf and not, so that what may be there is known without a look at
/// the values.
/// </remarks>
internal sealed class SchemaRules
{
    /// <summary>Deeper schemas cannot be stored: readers of protobuf give up at a hundred messages in each other, and a level takes two.</summary>
    private const int MostNested = 40;

    private const string ToBeStructural = "must be undefined to be structural";

    private static readonly string[] Types = ["array", "boolean", "integer", "number", "object", "string"];

    private readonly FieldErrors errors;

    private SchemaRules(FieldErrors errors) => this.errors = errors;

    private enum Level
    {
        Root,
        Field,
        Item,
    }

    /// <summary>Checks the schema of a version.</summary>
    public static void Check(JSONSchemaProps schema, FieldPath path, FieldErrors errors)
    {
        var before = errors.Found;
        var rules = new SchemaRules(errors);
        if (schema.Nullable)
            errors.Forbidden(path.Child("nullable"), "nullable cannot be true at the root");
        rules.Structure(schema, Level.Root, path, 1);
        // Defaults are held to the schema, which must first be one.
        if (errors.Found == before)
            rules.Defaults(schema, path, isRoot: true);
    }

    private void Structure(JSONSchemaProps schema, Level level, FieldPath path, int depth)
    {
        if (depth > MostNested)
        {
            errors.Forbidden(path, $"schemas may be nested {MostNested} deep");
            return;
        }

        Unsupported(schema, path);
        TypeOf(schema, level, path);
        Objects(schema, level, path, depth);
        Lists(schema, path, depth);
        Extensions(schema, path);
        if (level == Level.Root || schema.XKubernetesEmbeddedResource)
            TypeMeta(schema, level, path);
        Combinations(schema, schema, path, depth);
    }

    private void Unsupported(JSONSchemaProps schema, FieldPath path)
    {
        NotSupported(schema.Id.Length > 0, "id");
        NotSupported(schema.Ref.Length > 0, "$ref");
        NotSupported(schema.PatternProperties.Count > 0, "patternProperties");
        NotSupported(schema.Definitions.Count > 0, "definitions");
        NotSupported(schema.Dependencies.Count > 0, "dependencies");
        NotSupported(schema.AdditionalItems is not null, "additionalItems");
        if (schema.UniqueItems)
            errors.Forbidden(path.Child("uniqueItems"), "uniqueItems cannot be set to true since the runtime complexity becomes quadratic");
        if (schema.XKubernetesValidations.Count > 0)
        {
            errors.Forbidden(
                path.Child("x-kubernetes-validations"),
                "this server does not evaluate rules of the Common Expression Language: express them in the schema, or check them in an admission webhook");
        }

        if (schema.Pattern.Length > 0 && PatternError(schema.Pattern) is { } error)
            errors.Invalid(path.Child("pattern"), schema.Pattern, $"must be a valid regular expression, but isn't: {error}");
        if (schema.HasMultipleOf && schema.MultipleOf <= 0)
            errors.Invalid(path.Child("multipleOf"), schema.MultipleOf, "must be greater than 0");

        void NotSupported(bool isUsed, string name)
        {
            if (isUsed)
                errors.Forbidden(path.Child(name), $"{name} is not supported");
        }
    }

    private static string? PatternError(string pattern)
    {
        try
        {
            GoPattern.Compile(pattern);
            return null;
        }
        catch (ArgumentException error)
        {
            return error.Message;
        }
    }

    private void TypeOf(JSONSchemaProps schema, Level level, FieldPath path)
    {
        var at = path.Child("type");
        if (schema.Type == "null")
            errors.Forbidden(at, "type cannot be set to null, use nullable as an alternative");
        else if (schema.Type.Length > 0 && !Types.Contains(schema.Type))
            errors.NotSupported(at, schema.Type, Types);
        if (schema.XKubernetesIntOrString)
        {
            if (schema.Type.Length > 0)
                errors.Invalid(at, schema.Type, "must be empty if x-kubernetes-int-or-string is true");
        }
        else if (schema.Type.Length == 0 && !schema.XKubernetesPreserveUnknownFields)
        {
            errors.Required(at, level switch
            {
                Level.Root => "must not be empty at the root",
                Level.Item => "must not be empty for specified array items",
                _ => "must not be empty for specified object fields",
            });
        }

        if (level == Level.Root && schema.Type is not ("" or "object"))
            errors.Invalid(at, schema.Type, "must be object at the root");
        if (schema.XKubernetesEmbeddedResource && schema.Type != "object")
        {
            if (schema.Type.Length == 0)
                errors.Required(at, "must be object if x-kubernetes-embedded-resource is true");
            else
                errors.Invalid(at, schema.Type, "must be object if x-kubernetes-embedded-resource is true");
        }
    }

    private void Objects(JSONSchemaProps schema, Level level, FieldPath path, int depth)
    {
        foreach (var (name, property) in schema.Properties.OrderBy(property => property.Key, StringComparer.Ordinal))
            Structure(property, Level.Field, path.Child("properties").Key(name), depth + 1);
        if (schema.AdditionalProperties is not { } others)
            return;
        var at = path.Child("additionalProperties");
        if (level == Level.Root)
            errors.Forbidden(at, "must not be used at the root");
        if (schema.Properties.Count > 0 && (others.Allows || others.Schema is not null))
            errors.Forbidden(at, "additionalProperties and properties are mutual exclusive");
        if (others.Schema is { } inner)
            Structure(inner, Level.Field, at, depth + 1);
        else if (!others.Allows)
            errors.Forbidden(at, "additionalProperties cannot be set to false");
    }

    private void Lists(JSONSchemaProps schema, FieldPath path, int depth)
    {
        var at = path.Child("items");
        if (schema.Items?.JSONSchemas.Count > 0)
            errors.Forbidden(at, "items must be a schema object and not an array");
        else if (schema.Items?.Schema is { } items)
            Structure(items, Level.Item, at, depth + 1);
        else if (schema.Type == "array")
            errors.Required(at, "must be specified");
        ListType(schema, path);
    }

    private void ListType(JSONSchemaProps schema, FieldPath path)
    {
        var (type, keys) = (schema.XKubernetesListType, schema.XKubernetesListMapKeys);
        var (atType, atKeys) = (path.Child("x-kubernetes-list-type"), path.Child("x-kubernetes-list-map-keys"));
        if (type is not ("" or "atomic" or "set" or "map"))
            errors.NotSupported(atType, type, ["atomic", "set", "map"]);
        if (type.Length > 0 && schema.Type != "array")
            errors.Invalid(path.Child("type"), schema.Type, "must be array if x-kubernetes-list-type is specified");
        if (type == "set" && schema.Items?.Schema is { } element)
            SetItem(element, path.Child("items"));

        if (keys.Count > 0 && type != "map")
        {
            if (type.Length == 0)
                errors.Required(atType, "must be map if x-kubernetes-list-map-keys is non-empty");
            else
                errors.Invalid(atType, type, "must be map if x-kubernetes-list-map-keys is non-empty");
        }

        if (type == "map")
            ListKeys(schema, path, atKeys);
    }

    // Items of sets are told apart as wholes: nobody owns a part of one.
    private void SetItem(JSONSchemaProps item, FieldPath path)
    {
        if (item.Type == "array" && item.XKubernetesListType is not ("" or "atomic"))
            errors.Invalid(path.Child("x-kubernetes-list-type"), item.XKubernetesListType, "must be atomic as item of a list with x-kubernetes-list-type=set");
        if (item.Type == "object" && item.XKubernetesMapType != "atomic")
            errors.Invalid(path.Child("x-kubernetes-map-type"), item.XKubernetesMapType, "must be atomic as item of a list with x-kubernetes-list-type=set");
    }

    private void ListKeys(JSONSchemaProps schema, FieldPath path, FieldPath atKeys)
    {
        var keys = schema.XKubernetesListMapKeys;
        if (keys.Count == 0)
            errors.Required(atKeys, "must not be empty if x-kubernetes-list-type is map");
        if (keys.Distinct().Count() < keys.Count)
            errors.Invalid(atKeys, keys, "must not contain duplicate entries");
        if (schema.Items?.Schema is not { } items)
        {
            errors.Required(path.Child("items"), "must have a schema if x-kubernetes-list-type is map");
            return;
        }

        if (items.Type != "object")
            errors.Invalid(path.Child("items").Child("type"), items.Type, "must be object if parent array's x-kubernetes-list-type is map");
        for (var index = 0; index < keys.Count; index++)
        {
            var at = path.Child("items").Child("properties").Key(keys[index]);
            if (!items.Properties.TryGetValue(keys[index], out var key))
                errors.Invalid(atKeys.Index(index), keys[index], "entries must all be names of item properties");
            else if (key.Type is "object" or "array")
                errors.Invalid(at.Child("type"), key.Type, "must be a scalar type if parent array's x-kubernetes-list-type is map");
            else if (key.Default is null && !items.Required.Contains(keys[index]))
                errors.Required(at.Child("default"), "this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property");
            if (key?.Nullable == true)
                errors.Forbidden(at.Child("nullable"), "this property is in x-kubernetes-list-map-keys, so it cannot be nullable");
        }
    }

    private void Extensions(JSONSchemaProps schema, FieldPath path)
    {
        if (schema.HasXKubernetesPreserveUnknownFields && !schema.XKubernetesPreserveUnknownFields)
            errors.Invalid(path.Child("x-kubernetes-preserve-unknown-fields"), false, "must be true or undefined");
        if (schema.XKubernetesMapType is not ("" or "atomic" or "granular"))
            errors.NotSupported(path.Child("x-kubernetes-map-type"), schema.XKubernetesMapType, ["atomic", "granular"]);
        if (schema.XKubernetesMapType.Length > 0 && schema.Type != "object")
            errors.Invalid(path.Child("type"), schema.Type, "must be object if x-kubernetes-map-type is specified");
        if (schema is { XKubernetesEmbeddedResource: true, XKubernetesPreserveUnknownFields: false, Properties.Count: 0 })
        {
            errors.Required(
                path.Child("properties"), "must not be empty if x-kubernetes-embedded-resource is true without x-kubernetes-preserve-unknown-fields");
        }
    }

    private void TypeMeta(JSONSchemaProps schema, Level level, FieldPath path)
    {
        foreach (var name in (string[])["apiVersion", "kind"])
        {
            if (schema.Properties.TryGetValue(name, out var text) && text.Type != "string")
                errors.Invalid(path.Child("properties").Key(name).Child("type"), text.Type, "must be string");
        }

        if (!schema.Properties.TryGetValue("metadata", out var metadata))
            return;
        var at = path.Child("properties").Key("metadata");
        if (metadata.Type != "object")
            errors.Invalid(at.Child("type"), metadata.Type, "must be object");
        else if (level == Level.Root && metadata.Properties.Keys.Any(name => name is not ("name" or "generateName")))
            errors.Forbidden(at, "must not specify anything other than name and generateName, but metadata is implicitly specified");
    }

    private void Combinations(JSONSchemaProps values, JSONSchemaProps? declared, FieldPath path, int depth)
    {
        Nested(values.AllOf, "allOf");
        Nested(values.AnyOf, "anyOf");
        Nested(values.OneOf, "oneOf");
        if (values.Not is { } not)
            ValuesOnly(not, declared, path.Child("not"), path, depth + 1, isIntOrString: false);

        void Nested(IReadOnlyList<JSONSchemaProps> schemas, string name)
        {
            for (var index = 0; index < schemas.Count; index++)
            {
                // The one place where a type may stand inside: how an integer or a text was written before there was a word for it.
                var mayHaveType = declared is { XKubernetesIntOrString: true } && name is ("anyOf" or "allOf");
                ValuesOnly(schemas[index], declared, path.Child(name).Index(index), path, depth + 1, mayHaveType);
            }
        }
    }

    private void ValuesOnly(JSONSchemaProps schema, JSONSchemaProps? declared, FieldPath path, FieldPath outside, int depth, bool isIntOrString)
    {
        if (depth > MostNested)
        {
            errors.Forbidden(path, $"schemas may be nested {MostNested} deep");
            return;
        }

        Unsupported(schema, path);
        Forbid(schema.Type.Length > 0 && !isIntOrString, "type", "must be empty to be structural");
        Forbid(schema.Nullable, "nullable", "must be false to be structural");
        Forbid(schema.Title.Length > 0, "title", "must be empty to be structural");
        Forbid(schema.Description.Length > 0, "description", "must be empty to be structural");
        Forbid(schema.Default is not null, "default", ToBeStructural);
        Forbid(schema.AdditionalProperties is not null, "additionalProperties", ToBeStructural);
        Forbid(schema.XKubernetesPreserveUnknownFields, "x-kubernetes-preserve-unknown-fields", "must be false to be structural");
        Forbid(schema.XKubernetesEmbeddedResource, "x-kubernetes-embedded-resource", "must be false to be structural");
        Forbid(schema.XKubernetesIntOrString, "x-kubernetes-int-or-string", "must be false to be structural");
        Forbid(schema.XKubernetesListMapKeys.Count > 0, "x-kubernetes-list-map-keys", ToBeStructural);
        Forbid(schema.XKubernetesListType.Length > 0, "x-kubernetes-list-type", ToBeStructural);
        Forbid(schema.XKubernetesMapType.Length > 0, "x-kubernetes-map-type", ToBeStructural);
        foreach (var (name, property) in schema.Properties.OrderBy(property => property.Key, StringComparer.Ordinal))
        {
            var (at, outer) = (path.Child("properties").Key(name), outside.Child("properties").Key(name));
            if (declared is not null && !declared.Properties.ContainsKey(name) && declared.AdditionalProperties is null && !declared.XKubernetesPreserveUnknownFields)
                errors.Required(outer, $"because it is defined in {at}");
            ValuesOnly(property, declared?.Properties.GetValueOrDefault(name) ?? declared?.AdditionalProperties?.Schema, at, outer, depth + 1, false);
        }

        if (schema.Items?.Schema is { } items)
        {
            var (at, outer) = (path.Child("items"), outside.Child("items"));
            if (declared is not null && declared.Items?.Schema is null)
                errors.Required(outer, $"because it is defined in {at}");
            ValuesOnly(items, declared?.Items?.Schema, at, outer, depth + 1, false);
        }

        Combinations(schema, declared, path, depth);

        void Forbid(bool isUsed, string name, string why)
        {
            if (isUsed)
                errors.Forbidden(path.Child(name), why);
        }
    }

    private void Defaults(JSONSchemaProps schema, FieldPath path, bool isRoot)
    {
        if (schema.Default is { Raw.IsEmpty: false } given)
        {
            if (isRoot)
                errors.Forbidden(path.Child("default"), "must not be set at the root");
            else
                DefaultFits(JsonTrees.Parse(given.Raw.Span), CustomSchema.Of(schema), path.Child("default"));
        }

        foreach (var (name, property) in schema.Properties.OrderBy(property => property.Key, StringComparer.Ordinal))
            Defaults(property, path.Child("properties").Key(name), isRoot: false);
        if (schema.AdditionalProperties?.Schema is { } others)
            Defaults(others, path.Child("additionalProperties"), isRoot: false);
        if (schema.Items?.Schema is { } items)
            Defaults(items, path.Child("items"), isRoot: false);
    }

    private void DefaultFits(JsonNode? value, CustomSchema schema, FieldPath path)
    {
        var filled = new JsonObject { ["value"] = value?.DeepClone() };
        try
        {
            SchemaDefaults.Apply(filled["value"], schema);
        }
        catch (StatusException)
        {
            errors.TooLong(path, SchemaDefaults.MostBytes);
            return;
        }

        var whole = filled.DeepClone();
        List<string> unknown = [];
        SchemaPruning.Prune(filled, CustomSchema.Holding("value", schema), unknown);
        if (unknown.Count > 0)
            errors.Invalid(path, new GoLiteral(Patching.JsonScalars.GoSyntax(value)), $"must not have unknown fields: {string.Join(", ", unknown.Select(one => one["value.".Length..]))}");
        else
            errors.AddRange(SchemaValidation.Find(schema, whole["value"], null, path));
    }
}

using Cluster.Api.ApiExtensionsV1;
using Cluster.Api.Custom;
using Cluster.Api.Custom.Paths;
using Cluster.Api.Custom.Schemas;

namespace Cluster.Api.Validation;

/// <summary>Definitions of added kinds: names, versions, schemas, and what may not change once the kind is served.</summary>
internal sealed class CustomResourceDefinitionRules : KindRules<CustomResourceDefinition>
{
    private const string ApprovalAnnotation = "api-approved.kubernetes.io";

    private static readonly string[] ColumnTypes = ["boolean", "date", "integer", "number", "string"];
    private static readonly string[] ColumnFormats = ["byte", "date", "date-time", "double", "float", "int32", "int64", "password"];
    private static readonly FieldPath Names = FieldPath.Spec.Child("names");
    private static readonly FieldPath Versions = FieldPath.Spec.Child("versions");
    private static readonly FieldPath Stored = FieldPath.Status.Child("storedVersions");

    protected override bool AnyFinalizer => true;

    protected override void Check(CustomResourceDefinition obj, FieldErrors errors)
    {
        var spec = obj.Spec ?? new CustomResourceDefinitionSpec();
        if (spec.Names is { } names && obj.Metadata.Name != $"{names.Plural}.{spec.Group}")
            errors.Invalid(FieldPath.Metadata.Child("name"), obj.Metadata.Name, "must be spec.names.plural+\".\"+spec.group");
        CheckGroup(spec, errors);
        errors.OneOf(FieldPath.Spec.Child("scope"), spec.Scope, "Cluster", "Namespaced");
        CheckNames(spec.Names ?? new CustomResourceDefinitionNames(), errors);
        CheckVersions(spec, errors);
        if (spec.PreserveUnknownFields)
            errors.Invalid(FieldPath.Spec.Child("preserveUnknownFields"), true, "must be false in order to use defaults in the schema");
        CheckStored(obj, errors);
    }

    protected override void CheckCreate(CustomResourceDefinition obj, FieldErrors errors)
    {
        CheckApproval(obj, errors);
        ConversionRules.Check(obj.Spec?.Conversion, null, errors);
    }

    protected override void CheckUpdate(CustomResourceDefinition obj, CustomResourceDefinition before, FieldErrors errors)
    {
        ConversionRules.Check(obj.Spec.Conversion, before.Spec.Conversion, errors);
        errors.Unchanged(FieldPath.Spec.Child("group"), obj.Spec.Group, before.Spec.Group);
        errors.Unchanged(Names.Child("plural"), obj.Spec.Names.Plural, before.Spec.Names.Plural);
        if (!CustomKinds.IsEstablished(before))
            return;
        errors.Unchanged(FieldPath.Spec.Child("scope"), obj.Spec.Scope, before.Spec.Scope);
        errors.Unchanged(Names.Child("kind"), obj.Spec.Names.Kind, before.Spec.Names.Kind);
    }

    protected override void CheckStatus(CustomResourceDefinition obj, CustomResourceDefinition before, FieldErrors errors) => CheckStored(obj, errors);

    private static void CheckGroup(CustomResourceDefinitionSpec spec, FieldErrors errors)
    {
        var at = FieldPath.Spec.Child("group");
        if (!errors.Present(at, spec.Group))
            return;
        errors.Format(at, spec.Group, NameFormats.Dns1123Subdomain);
        if (!spec.Group.Contains('.', StringComparison.Ordinal))
            errors.Invalid(at, spec.Group, "should be a domain with at least one dot");
    }

    // Groups of the community are not for everybody.
    private static void CheckApproval(CustomResourceDefinition obj, FieldErrors errors)
    {
        var group = obj.Spec?.Group ?? "";
        var isProtected = group is "k8s.io" or "kubernetes.io" || group.EndsWith(".k8s.io", StringComparison.Ordinal) || group.EndsWith(".kubernetes.io", StringComparison.Ordinal);
        if (isProtected && !obj.Metadata.Annotations.ContainsKey(ApprovalAnnotation))
        {
            errors.Required(
                FieldPath.Metadata.Child("annotations").Key(ApprovalAnnotation),
                $"protected groups must have approval annotation \"{ApprovalAnnotation}\", see https://github.com/kubernetes/enhancements/pull/1111");
        }
    }

    private static void CheckNames(CustomResourceDefinitionNames names, FieldErrors errors)
    {
        if (errors.Present(Names.Child("plural"), names.Plural))
            Label(Names.Child("plural"), names.Plural, names.Plural, "");
        if (names.Singular.Length > 0)
            Label(Names.Child("singular"), names.Singular, names.Singular, "");
        if (errors.Present(Names.Child("kind"), names.Kind))
            Label(Names.Child("kind"), names.Kind, names.Kind.ToLowerInvariant(), "may have mixed case, but should otherwise match: ");
        if (names.ListKind.Length > 0)
            Label(Names.Child("listKind"), names.ListKind, names.ListKind.ToLowerInvariant(), "may have mixed case, but should otherwise match: ");
        for (var index = 0; index < names.ShortNames.Count; index++)
            Label(Names.Child("shortNames").Index(index), names.ShortNames[index], names.ShortNames[index], "");
        for (var index = 0; index < names.Categories.Count; index++)
            Label(Names.Child("categories").Index(index), names.Categories[index], names.Categories[index], "");
        if (names.Kind.Length > 0 && names.Kind == names.ListKind)
            errors.Invalid(Names.Child("listKind"), names.ListKind, "kind and listKind may not be the same");

        void Label(FieldPath at, string shown, string label, string hint)
        {
            var complaints = string.Join(",", NameFormats.Dns1035Label(label));
            if (complaints.Length > 0)
                errors.Invalid(at, shown, hint + complaints);
        }
    }

    private static void CheckVersions(CustomResourceDefinitionSpec spec, FieldErrors errors)
    {
        // What all versions have in common is told once, as of the whole definition: so its users know it.
        var schemasAreOne = spec.Versions.Select(version => version.Schema).Distinct().Count() == 1;
        var columnsAreOne = spec.Versions.Select(version => version.AdditionalPrinterColumns).Distinct().Count() == 1;
        var partsAreOne = spec.Versions.Select(version => version.Subresources).Distinct().Count() == 1;
        for (var index = 0; index < spec.Versions.Count; index++)
        {
            var (version, at) = (spec.Versions[index], Versions.Index(index));
            errors.Format(at.Child("name"), version.Name, NameFormats.Dns1035Label);
            if (version.Schema?.OpenAPIV3Schema is null)
                errors.Required(at.Child("schema").Child("openAPIV3Schema"), "schemas are required");
            else if (!schemasAreOne || index == 0)
                SchemaRules.Check(version.Schema.OpenAPIV3Schema, (schemasAreOne ? FieldPath.Spec.Child("validation") : at.Child("schema")).Child("openAPIV3Schema"), errors);
            if (!columnsAreOne || index == 0)
                CheckColumns(version.AdditionalPrinterColumns, (columnsAreOne ? FieldPath.Spec : at).Child("additionalPrinterColumns"), errors);
            if (!partsAreOne || index == 0)
                CheckParts(version.Subresources, (partsAreOne ? FieldPath.Spec : at).Child("subresources"), errors);
            CheckSelectable(version, at.Child("selectableFields"), errors);
        }

        var names = spec.Versions.Select(version => version.Name).ToList();
        if (names.Distinct().Count() < names.Count)
            errors.Invalid(Versions, names, "must contain unique version names");
        if (spec.Versions.Count(version => version.Storage) != 1)
            errors.Invalid(Versions, names, "must have exactly one version marked as storage version");
    }

    private static void CheckColumns(IReadOnlyList<CustomResourceColumnDefinition> columns, FieldPath path, FieldErrors errors)
    {
        for (var index = 0; index < columns.Count; index++)
        {
            var (column, at) = (columns[index], path.Index(index));
            errors.Present(at.Child("name"), column.Name);
            if (column.Type.Length == 0)
                errors.Required(at.Child("type"), $"must be one of {string.Join(",", ColumnTypes)}");
            else
                errors.OptionalOneOf(at.Child("type"), column.Type, ColumnTypes);
            errors.OptionalOneOf(at.Child("format"), column.Format, ColumnFormats);
            if (errors.Present(at.Child("jsonPath"), column.JsonPath))
                CheckPath(column.JsonPath, at.Child("jsonPath"), errors);
        }
    }

    private static void CheckParts(CustomResourceSubresources? parts, FieldPath path, FieldErrors errors)
    {
        if (parts?.Scale is not { } scale)
            return;
        var at = path.Child("scale");
        if (errors.Present(at.Child("specReplicasPath"), scale.SpecReplicasPath))
            Below(at.Child("specReplicasPath"), scale.SpecReplicasPath, "should be a json path under .spec", ".spec.");
        if (errors.Present(at.Child("statusReplicasPath"), scale.StatusReplicasPath))
            Below(at.Child("statusReplicasPath"), scale.StatusReplicasPath, "should be a json path under .status", ".status.");
        if (scale.LabelSelectorPath.Length > 0)
            Below(at.Child("labelSelectorPath"), scale.LabelSelectorPath, "should be a json path under either .status or .spec", ".status.", ".spec.");

        void Below(FieldPath place, string text, string why, params string[] roots)
        {
            if (!roots.Any(root => text.StartsWith(root, StringComparison.Ordinal)))
                errors.Invalid(place, text, why);
            else if (TryParse(text)?.Fields is null)
                errors.Invalid(place, text, "should be a simple json path: names and dots alone");
        }
    }

    private static void CheckSelectable(CustomResourceDefinitionVersion version, FieldPath path, FieldErrors errors)
    {
        const int most = 8;
        if (version.SelectableFields.Count > most)
            errors.TooMany(path, version.SelectableFields.Count, most);
        var seen = new HashSet<string>(StringComparer.Ordinal);
        for (var index = 0; index < version.SelectableFields.Count; index++)
        {
            var (text, at) = (version.SelectableFields[index].JsonPath, path.Index(index).Child("jsonPath"));
            if (!errors.Present(at, text))
                continue;
            if (TryParse(text)?.Fields is not { Count: > 0 } names)
                errors.Invalid(at, text, "must be a simple json path starting with .");
            else if (names[0] == "metadata")
                errors.Invalid(at, text, "must not point to fields in metadata");
            else if (LeafOf(version.Schema?.OpenAPIV3Schema, names) is not ("string" or "integer" or "boolean"))
                errors.Invalid(at, text, "must point to a field of type string, boolean or integer");
            if (!seen.Add(text))
                errors.Duplicate(at, text);
        }
    }

    private static string LeafOf(JSONSchemaProps? schema, IReadOnlyList<string> names)
    {
        foreach (var name in names)
            schema = schema?.Properties.GetValueOrDefault(name);
        return schema?.Type ?? "";
    }

    private static void CheckPath(string text, FieldPath at, FieldErrors errors)
    {
        if (!text.StartsWith('.'))
        {
            errors.Invalid(at, text, "must be a simple json path starting with .");
            return;
        }

        try
        {
            JsonPath.Parse(text);
        }
        catch (FormatException error)
        {
            errors.Invalid(at, text, error.Message);
        }
    }

    private static JsonPath? TryParse(string text)
    {
        try
        {
            return text.StartsWith('.') ? JsonPath.Parse(text) : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    private static void CheckStored(CustomResourceDefinition obj, FieldErrors errors)
    {
        var stored = obj.Status?.StoredVersions ?? [];
        if (stored.Count == 0)
            errors.Invalid(Stored, stored, "must have at least one stored version");
        for (var index = 0; index < stored.Count; index++)
        {
            if (obj.Spec.Versions.Any(version => version.Name == stored[index]))
                continue;
            errors.Invalid(
                Stored.Index(index), stored[index],
                $"missing from spec.versions; {stored[index]} was previously a storage version, and must remain in spec.versions until a storage migration "
                + $"ensures no data remains persisted in {stored[index]} and removes {stored[index]} from status.storedVersions");
        }

        if (obj.Spec.Versions.FirstOrDefault(version => version.Storage)?.Name is { } storage && stored.Count > 0 && !stored.Contains(storage))
            errors.Invalid(Stored, stored, $"must have the storage version {storage}");
    }
}

using Cluster.Api.ApiExtensionsV1;
using Cluster.Api.Custom.Paths;
using Cluster.Api.Custom.Schemas;

namespace Cluster.Api.Custom;

/// <summary>The resources that a definition adds to the API.</summary>
public static class CustomKinds
{
    public const string Established = "Established";
    public const string Terminating = "Terminating";

    // In discovery's order for added kinds.
    private static readonly string[] AllVerbs = ["delete", "deletecollection", "get", "list", "patch", "create", "update", "watch"];

    // Objects that finalizers hold must be changed to be released.
    private static readonly string[] LeavingVerbs = ["delete", "deletecollection", "get", "list", "patch", "update", "watch"];
    private static readonly string[] PartVerbs = ["get", "patch", "update"];

    /// <summary>The definition's names are settled, so that its objects are served.</summary>
    public static bool IsEstablished(CustomResourceDefinition definition) => Is(definition, Established);

    /// <summary>The definition is being deleted: no new objects.</summary>
    public static bool IsLeaving(CustomResourceDefinition definition) =>
        Is(definition, Terminating) || definition.Metadata.DeletionTimestamp is not null;

    /// <summary>Whether a condition is true.</summary>
    public static bool Is(CustomResourceDefinition definition, string condition) =>
        definition.Status?.Conditions.Any(one => one.Type == condition && one.Status == "True") ?? false;

    /// <summary>Where the store has the objects.</summary>
    public static string StoragePrefixOf(CustomResourceDefinition definition) => $"/registry/{definition.Spec.Group}/{definition.Spec.Names.Plural}/";

    /// <summary>
    /// A resource for each version, the stored one first. One that is stored and not served has no verbs: it is there for the others.
    /// </summary>
    /// <param name="definition">Established, and without mistakes.</param>
    /// <exception cref="ArgumentException">
    /// A pattern of a schema is no regular expression, the definition's resources are not its own, or its webhook is missing: it was made by
    /// another server.
    /// </exception>
    /// <exception cref="FormatException">As before, of a path.</exception>
    public static IReadOnlyList<ResourceType> Of(CustomResourceDefinition definition)
    {
        var versions = definition.Spec.Versions;
        if (definition.Metadata.Name != $"{definition.Spec.Names.Plural}.{definition.Spec.Group}")
            throw new ArgumentException($"its name is not {definition.Spec.Names.Plural}.{definition.Spec.Group}", nameof(definition));
        if (versions.Select(version => version.Name).Distinct(StringComparer.Ordinal).Count() < versions.Count)
            throw new ArgumentException("two of its versions have the same name", nameof(definition));
        var stored = Resource(definition, versions.First(version => version.Storage), null);
        IReadOnlyList<ResourceType> all = [stored, .. versions.Where(version => !version.Storage).Select(version => Resource(definition, version, stored))];
        foreach (var type in all)
            type.Custom!.Versions = all;
        return [stored, .. all.Skip(1).Where(type => type.Verbs.Count > 0)];
    }

    private static ResourceType Resource(CustomResourceDefinition definition, CustomResourceDefinitionVersion version, ResourceType? stored)
    {
        var (spec, names) = (definition.Spec, definition.Status?.AcceptedNames is { Kind.Length: > 0 } accepted ? accepted : definition.Spec.Names);
        // Where objects are, in the store and in paths, follows from the spec, which holds the name that no other definition can have; the
        // status is anyone's who may write it.
        var plural = spec.Names.Plural;
        var apiVersion = $"{spec.Group}/{version.Name}";
        return new ResourceType
        {
            Group = spec.Group,
            Version = version.Name,
            Kind = names.Kind,
            ListKind = names.ListKind.Length > 0 ? names.ListKind : names.Kind + "List",
            Plural = plural,
            Singular = names.Singular,
            Namespaced = spec.Scope == "Namespaced",
            ShortNames = [.. names.ShortNames],
            Categories = [.. names.Categories],
            Verbs = !version.Served ? [] : IsLeaving(definition) ? LeavingVerbs : AllVerbs,
            Subresources = version.Served ? [.. Parts(version.Subresources, apiVersion, names.Kind)] : [],
            Descriptor = CustomObject.Descriptor,
            StoragePrefix = stored is null ? StoragePrefixOf(definition) : null,
            StoredVersion = stored,
            Custom = Made(version, apiVersion, names.Kind, Webhook(spec.Conversion)),
        };
    }

    private static IEnumerable<Subresource> Parts(CustomResourceSubresources? parts, string apiVersion, string kind)
    {
        if (parts?.Scale is not null)
            yield return new Subresource("scale", "autoscaling/v1", "Scale", PartVerbs);
        if (parts?.Status is not null)
            yield return new Subresource("status", apiVersion, kind, PartVerbs);
    }

    // Not to be changed: it is the definition's own.
    private static WebhookConversion? Webhook(CustomResourceConversion? conversion) => conversion?.Strategy != "Webhook" ? null
        : conversion.Webhook is { ClientConfig: not null } webhook ? webhook
        : throw new ArgumentException("it does not say which webhook converts its objects", nameof(conversion));

    private static CustomVersion Made(CustomResourceDefinitionVersion version, string apiVersion, string kind, WebhookConversion? webhook)
    {
        var schema = version.Schema?.OpenAPIV3Schema ?? new JSONSchemaProps { Type = "object", XKubernetesPreserveUnknownFields = true };
        return new CustomVersion
        {
            Schema = CustomSchema.Of(schema),
            Declared = schema,
            HasStatus = version.Subresources?.Status is not null,
            Scale = version.Subresources?.Scale is { } scale
                ? new CustomScale(Names(scale.SpecReplicasPath), Names(scale.StatusReplicasPath), scale.LabelSelectorPath.Length > 0 ? Names(scale.LabelSelectorPath) : null)
                : null,
            Webhook = webhook,
            Columns = CustomColumns.Make(version.AdditionalPrinterColumns),
            SelectableFields = [.. version.SelectableFields.Select(selectable => JsonPath.Parse(selectable.JsonPath))],
            Warning = !version.Deprecated ? null
                : version.HasDeprecationWarning ? version.DeprecationWarning : $"{apiVersion} {kind} is deprecated",
        };
    }

    private static IReadOnlyList<string> Names(string path) =>
        JsonPath.Parse(path).Fields ?? throw new FormatException($"{path} is no path of names");
}

using System.Text.Json;
using System.Text.Json.Nodes;
using Cluster.Api.Json;
using Cluster.Api.MetaV1;
using Cluster.Api.Patching;
using Cluster.Api.Validation;

namespace Cluster.Api.Custom.Schemas;

/// <summary>Objects of the API within others (<c>x-kubernetes-embedded-resource</c>): they are made of it one day, and so must be such.</summary>
internal static class EmbeddedObjects
{
    private static readonly HashSet<string> MetadataFields = [.. ObjectMeta.Descriptor.Fields.InFieldNumberOrder().Select(field => field.JsonName)];

    /// <summary>The fields of a metadata that there are not.</summary>
    public static IReadOnlyList<string> UnknownOf(JsonObject metadata) => [.. metadata.Select(member => member.Key).Where(name => !MetadataFields.Contains(name))];

    /// <summary>What it is, and its metadata, in the words of Kubernetes; the rest is its schema's matter.</summary>
    public static void Check(JsonObject embedded, FieldPath path, FieldErrors errors)
    {
        if (TextOf(embedded, "apiVersion", path, errors) is { } version && version.Count('/') > 1)
            errors.Invalid(path.Child("apiVersion"), version, $"unexpected GroupVersion string: {version}");
        if (TextOf(embedded, "kind", path, errors) is { } kind && NameFormats.Dns1035Label(kind.ToLowerInvariant()).ToList() is { Count: > 0 } complaints)
            errors.Invalid(path.Child("kind"), kind, $"may have mixed case, but should otherwise match: {string.Join(",", complaints)}");
        if (embedded["metadata"] is { } metadata)
            CheckMetadata(metadata, path.Child("metadata"), errors);
    }

    // Null: there is none, which is an error by itself.
    private static string? TextOf(JsonObject embedded, string field, FieldPath path, FieldErrors errors)
    {
        if (!embedded.TryGetPropertyValue(field, out var value))
            errors.Required(path.Child(field), "must not be empty");
        else if (value?.GetValueKind() != JsonValueKind.String)
            errors.Invalid(path.Child(field), new GoLiteral(JsonScalars.GoPrint(value)), "must be a string");
        else if (value.GetValue<string>() is { Length: > 0 } text)
            return text;
        else
            errors.Invalid(path.Child(field), "", "must not be empty");
        return null;
    }

    private static void CheckMetadata(JsonNode metadata, FieldPath path, FieldErrors errors)
    {
        try
        {
            ObjectMetaRules.Embedded((ObjectMeta)JsonCodec.Read(metadata, ObjectMeta.Descriptor, FieldValidation.Ignore, null), path, errors);
        }
        catch (Exception error) when (error is JsonDecodeException or StatusException)
        {
            errors.Invalid(path, new GoLiteral(JsonScalars.GoPrint(metadata)), error.Message);
        }
    }
}

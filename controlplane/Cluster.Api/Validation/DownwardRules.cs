using Cluster.Api.CoreV1;

namespace Cluster.Api.Validation;

/// <summary>What a container may be told of its own pod.</summary>
internal static class DownwardRules
{
    /// <summary>Fields an environment variable may show.</summary>
    public static readonly string[] EnvFields =
    [
        "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
        "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
    ];

    /// <summary>Fields a file may show.</summary>
    public static readonly string[] VolumeFields =
        ["metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid"];

    private static readonly string[] Resources =
    [
        "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage", "requests.memory",
    ];

    /// <summary>Everything that the conversion of field names knows, selectable here or not.</summary>
    private static readonly HashSet<string> KnownFields =
        [.. EnvFields, .. VolumeFields, "spec.restartPolicy", "spec.schedulerName", "status.phase"];

    public static void Field(ObjectFieldSelector selector, string[] supported, FieldPath path, FieldErrors errors)
    {
        if (!errors.Present(path.Child("apiVersion"), selector.ApiVersion) || !errors.Present(path.Child("fieldPath"), selector.FieldPath))
        {
            return;
        }
        if (Subscript(selector.FieldPath) is var (field, key))
        {
            Subscripted(field, key, path, errors);
        }
        else if (!KnownFields.Contains(selector.FieldPath))
        {
            errors.Invalid(
                path.Child("fieldPath"), selector.FieldPath,
                $"error converting fieldPath: field label not supported: {selector.FieldPath}");
        }
        else if (!supported.Contains(selector.FieldPath))
        {
            errors.NotSupported(path.Child("fieldPath"), selector.FieldPath, supported);
        }
    }

    public static void Resource(ResourceFieldSelector selector, bool needsContainer, FieldPath path, FieldErrors errors)
    {
        if (needsContainer && selector.ContainerName.Length == 0)
        {
            errors.Required(path.Child("containerName"));
        }
        else if (errors.Present(path.Child("resource"), selector.Resource) && !IsKnown(selector.Resource))
        {
            errors.NotSupported(path.Child("resource"), selector.Resource, Resources);
        }
        ResourceRules.Divisor(selector, path.Child("divisor"), errors);
    }

    private static bool IsKnown(string resource) => Resources.Contains(resource)
        || resource.StartsWith("limits.hugepages-", StringComparison.Ordinal)
        || resource.StartsWith("requests.hugepages-", StringComparison.Ordinal);

    private static void Subscripted(string field, string key, FieldPath path, FieldErrors errors)
    {
        switch (field)
        {
            case "metadata.annotations":
                errors.Invalid(path, key.ToLowerInvariant(), NameFormats.QualifiedName(key.ToLowerInvariant()));
                break;
            case "metadata.labels":
                errors.Format(path, key, NameFormats.QualifiedName);
                break;
            default:
                errors.Invalid(path, field, "does not support subscript");
                break;
        }
    }

    /// <summary><c>metadata.labels['app']</c> is the field and app.</summary>
    private static (string Field, string Key)? Subscript(string fieldPath)
    {
        var open = fieldPath.IndexOf("['", StringComparison.Ordinal);
        return open > 0 && fieldPath.EndsWith("']", StringComparison.Ordinal) && fieldPath.Length >= open + 4
            ? (fieldPath[..open], fieldPath[(open + 2)..^2])
            : null;
    }
}

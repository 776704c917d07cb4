using Cluster.Api.CoreV1;

namespace Cluster.Api.Validation;

/// <summary>Several sources in one directory: each is of one type, and no two write the same file.</summary>
internal static class ProjectedVolumeRules
{
    private const int MinTokenSeconds = 600;
    private const long MaxTokenSeconds = 1L << 32;
    private const string Conflict = "conflicting duplicate paths";

    public static void Check(ProjectedVolumeSource projected, FieldPath path, FieldErrors errors)
    {
        var files = new HashSet<string>();
        for (var i = 0; i < projected.Sources.Count; i++)
        {
            var (source, at) = (projected.Sources[i], path.Child("sources").Index(i));
            if (Count(source) > 1)
            {
                errors.Forbidden(at, "may not specify more than 1 volume type per source");
            }
            Source(source, files, path, at, errors);
        }
    }

    private static int Count(VolumeProjection source) =>
        new object?[] { source.Secret, source.ConfigMap, source.DownwardAPI, source.ServiceAccountToken, source.ClusterTrustBundle }
            .Count(kind => kind is not null);

    private static void Source(VolumeProjection source, HashSet<string> files, FieldPath volume, FieldPath path, FieldErrors errors)
    {
        if (source.Secret is { } secret)
        {
            Keys(secret.LocalObjectReference?.Name, secret.Items, files, volume, path.Child("secret"), errors);
        }
        if (source.ConfigMap is { } configMap)
        {
            Keys(configMap.LocalObjectReference?.Name, configMap.Items, files, volume, path.Child("configMap"), errors);
        }
        if (source.DownwardAPI is { } downward)
        {
            VolumeSourceRules.DownwardFiles(downward.Items, path.Child("downwardAPI"), errors);
            Unique(downward.Items.Select(file => file.Path), null, files, volume, errors);
        }
        if (source.ServiceAccountToken is { } token)
        {
            Token(token, volume, path.Child("serviceAccountToken"), errors);
        }
    }

    private static void Keys(
        string? name, IReadOnlyList<KeyToPath> items, HashSet<string> files, FieldPath volume, FieldPath path, FieldErrors errors)
    {
        errors.Present(path.Child("name"), name ?? "");
        VolumeSourceRules.Items(items, path.Child("items"), errors);
        Unique(items.Select(item => item.Path), name, files, volume, errors);
    }

    private static void Unique(IEnumerable<string> paths, string? owner, HashSet<string> files, FieldPath volume, FieldErrors errors)
    {
        foreach (var file in paths.Where(file => file.Length > 0 && !files.Add(file)))
        {
            errors.Invalid(volume, owner ?? file, Conflict);
        }
    }

    private static void Token(ServiceAccountTokenProjection token, FieldPath volume, FieldPath path, FieldErrors errors)
    {
        if (token.ExpirationSeconds < MinTokenSeconds)
        {
            errors.Invalid(path.Child("expirationSeconds"), token.ExpirationSeconds, "may not specify a duration less than 10 minutes");
        }
        if (token.ExpirationSeconds > MaxTokenSeconds)
        {
            errors.Invalid(path.Child("expirationSeconds"), token.ExpirationSeconds, "may not specify a duration larger than 2^32 seconds");
        }
        if (errors.Present(volume.Child("path"), token.Path))
        {
            PathRules.LocalNotReserved(token.Path, volume.Child("path"), errors);
        }
    }
}

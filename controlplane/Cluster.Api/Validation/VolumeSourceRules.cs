using Cluster.Api.CoreV1;
using Google.Protobuf.Reflection;

namespace Cluster.Api.Validation;

/// <summary>Each source of a volume that our nodes can mount, and the required names of the commonest others.</summary>
internal static class VolumeSourceRules
{
    private const int MaxFileMode = 511;
    private const string FileMode = "must be a number between 0 and 0777 (octal), both inclusive";

    private static readonly string[] HostPathTypes =
        ["", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket"];

    public static void Check(VolumeSource source, FieldDescriptor given, FieldPath path, FieldErrors errors)
    {
        switch (given.FieldNumber)
        {
            case VolumeSource.EmptyDirFieldNumber:
                ResourceRules.SizeLimit(source.EmptyDir.SizeLimit, path.Child("sizeLimit"), errors);
                break;
            case VolumeSource.HostPathFieldNumber:
                HostPath(source.HostPath, path, errors);
                break;
            case VolumeSource.SecretFieldNumber:
                errors.Present(path.Child("secretName"), source.Secret.SecretName);
                Mode(source.Secret.HasDefaultMode, source.Secret.DefaultMode, path.Child("defaultMode"), errors);
                Items(source.Secret.Items, path.Child("items"), errors);
                break;
            case VolumeSource.ConfigMapFieldNumber:
                errors.Present(path.Child("name"), source.ConfigMap.LocalObjectReference?.Name ?? "");
                Mode(source.ConfigMap.HasDefaultMode, source.ConfigMap.DefaultMode, path.Child("defaultMode"), errors);
                Items(source.ConfigMap.Items, path.Child("items"), errors);
                break;
            case VolumeSource.DownwardAPIFieldNumber:
                Mode(source.DownwardAPI.HasDefaultMode, source.DownwardAPI.DefaultMode, path.Child("defaultMode"), errors);
                DownwardFiles(source.DownwardAPI.Items, path, errors);
                break;
            case VolumeSource.ProjectedFieldNumber:
                Mode(source.Projected.HasDefaultMode, source.Projected.DefaultMode, path.Child("defaultMode"), errors);
                ProjectedVolumeRules.Check(source.Projected, path, errors);
                break;
            case VolumeSource.PersistentVolumeClaimFieldNumber:
                errors.Present(path.Child("claimName"), source.PersistentVolumeClaim.ClaimName);
                break;
            case VolumeSource.NfsFieldNumber:
                Nfs(source.Nfs, path, errors);
                break;
        }
    }

    public static void Items(IReadOnlyList<KeyToPath> items, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < items.Count; i++)
        {
            var (item, at) = (items[i], path.Index(i));
            errors.Present(at.Child("key"), item.Key);
            errors.Present(at.Child("path"), item.Path);
            PathRules.LocalNotReserved(item.Path, at.Child("path"), errors);
            Mode(item.HasMode, item.Mode, at.Child("mode"), errors);
        }
    }

    /// <summary>Errors name the volume, not the file: Kubernetes has never said which.</summary>
    public static void DownwardFiles(IEnumerable<DownwardAPIVolumeFile> files, FieldPath path, FieldErrors errors)
    {
        foreach (var file in files)
        {
            errors.Present(path.Child("path"), file.Path);
            PathRules.LocalNotReserved(file.Path, path.Child("path"), errors);
            DownwardFile(file, path, errors);
            Mode(file.HasMode, file.Mode, path.Child("mode"), errors);
        }
    }

    private static void DownwardFile(DownwardAPIVolumeFile file, FieldPath path, FieldErrors errors)
    {
        if (file.FieldRef is { } field)
        {
            DownwardRules.Field(field, DownwardRules.VolumeFields, path.Child("fieldRef"), errors);
            if (file.ResourceFieldRef is not null)
            {
                errors.Invalid(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously");
            }
        }
        else if (file.ResourceFieldRef is { } resource)
        {
            DownwardRules.Resource(resource, needsContainer: true, path.Child("resourceFieldRef"), errors);
        }
        else
        {
            errors.Required(path, "one of fieldRef and resourceFieldRef is required");
        }
    }

    public static void HostPath(HostPathVolumeSource source, FieldPath path, FieldErrors errors)
    {
        if (!errors.Present(path.Child("path"), source.Path))
        {
            return;
        }
        PathRules.NoBacksteps(source.Path, path.Child("path"), errors);
        errors.OptionalOneOf(path.Child("type"), source.Type, HostPathTypes);
    }

    public static void Nfs(NFSVolumeSource source, FieldPath path, FieldErrors errors)
    {
        errors.Present(path.Child("server"), source.Server);
        errors.Present(path.Child("path"), source.Path);
        if (!source.Path.StartsWith('/'))
        {
            errors.Invalid(path.Child("path"), source.Path, "must be an absolute path");
        }
    }

    private static void Mode(bool given, int mode, FieldPath path, FieldErrors errors)
    {
        if (given && mode is < 0 or > MaxFileMode)
        {
            errors.Invalid(path, mode, FileMode);
        }
    }
}

using Cluster.Api.CoreV1;

namespace Cluster.Api.Validation;

/// <summary>Where a container sees the pod's volumes.</summary>
internal static class VolumeMountRules
{
    public static void Check(Container container, IReadOnlyDictionary<string, VolumeSource> volumes, FieldPath path, FieldErrors errors)
    {
        var paths = new HashSet<string>();
        for (var i = 0; i < container.VolumeMounts.Count; i++)
        {
            Mount(container, container.VolumeMounts[i], volumes, paths, path.Child("volumeMounts").Index(i), errors);
        }
        for (var i = 0; i < container.VolumeDevices.Count; i++)
        {
            Device(container.VolumeDevices[i], volumes, path.Child("volumeDevices").Index(i), errors);
        }
    }

    private static void Mount(
        Container container, VolumeMount mount, IReadOnlyDictionary<string, VolumeSource> volumes, HashSet<string> paths, FieldPath path,
        FieldErrors errors)
    {
        errors.Present(path.Child("name"), mount.Name);
        if (!volumes.ContainsKey(mount.Name))
        {
            errors.NotFound(path.Child("name"), mount.Name);
        }
        errors.Present(path.Child("mountPath"), mount.MountPath);
        if (!paths.Add(mount.MountPath))
        {
            errors.Invalid(path.Child("mountPath"), mount.MountPath, "must be unique");
        }
        if (container.VolumeDevices.Any(device => device.Name == mount.Name))
        {
            errors.Invalid(path.Child("name"), mount.Name, "must not already exist in volumeDevices");
        }
        if (container.VolumeDevices.Any(device => device.DevicePath == mount.MountPath))
        {
            errors.Invalid(path.Child("mountPath"), mount.MountPath, "must not already exist as a path in volumeDevices");
        }
        SubPaths(mount, path, errors);
        Propagation(container, mount, path, errors);
    }

    private static void SubPaths(VolumeMount mount, FieldPath path, FieldErrors errors)
    {
        PathRules.LocalDescending(mount.SubPath, path.Child("subPath"), errors);
        PathRules.LocalDescending(mount.SubPathExpr, path.Child("subPathExpr"), errors);
        if (mount.SubPath.Length > 0 && mount.SubPathExpr.Length > 0)
        {
            errors.Invalid(path.Child("subPathExpr"), mount.SubPathExpr, "subPathExpr and subPath are mutually exclusive");
        }
    }

    private static void Propagation(Container container, VolumeMount mount, FieldPath path, FieldErrors errors)
    {
        var at = path.Child("mountPropagation");
        errors.OptionalOneOf(at, mount.MountPropagation, "Bidirectional", "HostToContainer", "None");
        if (mount.MountPropagation == "Bidirectional" && container.SecurityContext is not { Privileged: true })
        {
            errors.Forbidden(at, "Bidirectional mount propagation is available only to privileged containers");
        }
    }

    private static void Device(VolumeDevice device, IReadOnlyDictionary<string, VolumeSource> volumes, FieldPath path, FieldErrors errors)
    {
        errors.Present(path.Child("name"), device.Name);
        if (!volumes.TryGetValue(device.Name, out var source))
        {
            errors.NotFound(path.Child("name"), device.Name);
        }
        else if (source is { PersistentVolumeClaim: null, Ephemeral: null })
        {
            errors.Invalid(
                path.Child("name"), device.Name,
                "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode");
        }
        errors.Present(path.Child("devicePath"), device.DevicePath);
    }
}

using Cluster.Api.CoreV1;
using Google.Protobuf.Reflection;

namespace Cluster.Api.Validation;

internal sealed class PersistentVolumeRules : KindRules<PersistentVolume>
{
    private static readonly FieldPath Spec = FieldPath.Spec;

    protected override void Check(PersistentVolume obj, FieldErrors errors)
    {
        var spec = obj.Spec ?? new PersistentVolumeSpec();
        if (spec.AccessModes.Count == 0)
        {
            errors.Required(Spec.Child("accessModes"));
        }
        VolumeFacts.AccessModes(spec.AccessModes, Spec.Child("accessModes"), errors);
        Capacity(spec, Spec.Child("capacity"), errors);
        errors.OptionalOneOf(
            Spec.Child("persistentVolumeReclaimPolicy"), spec.PersistentVolumeReclaimPolicy, "Delete", "Recycle", "Retain");
        if (spec.NodeAffinity is { } affinity)
        {
            AffinityRules.OfVolume(affinity, Spec.Child("nodeAffinity"), errors);
        }
        Source(spec, errors);
        errors.OptionalFormat(Spec.Child("storageClassName"), spec.StorageClassName, NameFormats.Dns1123Subdomain);
        VolumeFacts.Mode(spec.HasVolumeMode, spec.VolumeMode, Spec.Child("volumeMode"), errors);
    }

    protected override void CheckUpdate(PersistentVolume obj, PersistentVolume before, FieldErrors errors)
    {
        if (!Equals(obj.Spec?.PersistentVolumeSource, before.Spec?.PersistentVolumeSource))
        {
            errors.Forbidden(Spec.Child("persistentvolumesource"), "spec.persistentvolumesource is immutable after creation");
        }
        errors.Unchanged(FieldPath.Root("volumeMode"), obj.Spec?.VolumeMode, before.Spec?.VolumeMode);
        if (before.Spec?.NodeAffinity is { } affinity)
        {
            errors.Unchanged(FieldPath.Root("nodeAffinity"), obj.Spec?.NodeAffinity, affinity);
        }
    }

    private static void Capacity(PersistentVolumeSpec spec, FieldPath path, FieldErrors errors)
    {
        if (spec.Capacity.Count == 0)
        {
            errors.Required(path);
        }
        if (!spec.Capacity.ContainsKey("storage") || spec.Capacity.Count > 1)
        {
            errors.Add(new FieldError(
                FieldErrorType.NotSupported, path.ToString(),
                new GoLiteral($"core.ResourceList{{{string.Join(", ", spec.Capacity.Keys.Order(StringComparer.Ordinal).Select(GoText.Quote))}}}"),
                "supported values: \"storage\""));
        }
        foreach (var (name, amount) in spec.Capacity)
        {
            VolumeFacts.Positive(amount, path.Key(name), errors);
        }
    }

    private static void Source(PersistentVolumeSpec spec, FieldErrors errors)
    {
        var source = spec.PersistentVolumeSource ?? new PersistentVolumeSource();
        var given = Given(source);
        if (given.Count == 0)
        {
            errors.Required(Spec, "must specify a volume type");
        }
        foreach (var other in given.Skip(1))
        {
            errors.Forbidden(Spec.Child(other), "may not specify more than 1 volume type");
        }
        if (source.HostPath is { } hostPath && given[0] == "hostPath")
        {
            VolumeSourceRules.HostPath(hostPath, Spec.Child("hostPath"), errors);
        }
        if (source.Nfs is { } nfs && given[0] == "nfs")
        {
            VolumeSourceRules.Nfs(nfs, Spec.Child("nfs"), errors);
        }
        if (source.Local is { } local && given[0] == "local")
        {
            Local(local, spec, errors);
        }
        if (source.Csi is { } csi && given[0] == "csi")
        {
            errors.Present(Spec.Child("csi").Child("driver"), csi.Driver);
            errors.OptionalFormat(Spec.Child("csi").Child("driver"), csi.Driver, NameFormats.CsiDriver);
            errors.Present(Spec.Child("csi").Child("volumeHandle"), csi.VolumeHandle);
        }
        if (source.HostPath?.Path == "/" && spec.PersistentVolumeReclaimPolicy == "Recycle")
        {
            errors.Forbidden(Spec.Child("persistentVolumeReclaimPolicy"), "may not be 'recycle' for a hostPath mount of '/'");
        }
    }

    private static void Local(LocalVolumeSource local, PersistentVolumeSpec spec, FieldErrors errors)
    {
        var path = Spec.Child("local").Child("path");
        if (local.Path.Length == 0)
        {
            errors.Required(path);
        }
        else
        {
            PathRules.NoBacksteps(local.Path, path, errors);
        }
        if (spec.NodeAffinity?.Required is null)
        {
            errors.Required(Spec.Child("nodeAffinity"), "Local volume requires node affinity");
        }
    }

    private static List<string> Given(PersistentVolumeSource source) =>
    [
        .. PersistentVolumeSource.Descriptor.Fields.InDeclarationOrder()
            .Where(field => field.FieldType == FieldType.Message && field.Accessor.GetValue(source) is not null)
            .OrderBy(field => field.Name != "hostPath")
            .Select(field => field.JsonName),
    ];
}

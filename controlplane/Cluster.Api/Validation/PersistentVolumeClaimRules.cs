using Cluster.Api.CoreV1;
using Cluster.Api.Quantities;

namespace Cluster.Api.Validation;

internal sealed class PersistentVolumeClaimRules : KindRules<PersistentVolumeClaim>
{
    private const string Storage = "storage";
    private const string Frozen =
        "spec is immutable after creation except resources.requests and volumeAttributesClassName for bound claims";

    private static readonly FieldPath Spec = FieldPath.Spec;

    protected override void Check(PersistentVolumeClaim obj, FieldErrors errors) => Claim(obj.Spec ?? new PersistentVolumeClaimSpec(), Spec, errors);

    protected override void CheckUpdate(PersistentVolumeClaim obj, PersistentVolumeClaim before, FieldErrors errors)
    {
        var (now, old) = (obj.Spec?.Clone() ?? new(), before.Spec?.Clone() ?? new());
        var bound = before.Status?.Phase == "Bound";
        if (bound)
        {
            NotSmaller(now, old, errors);
            now.Resources?.Requests.Remove(Storage);
            old.Resources?.Requests.Remove(Storage);
        }
        now.ClearVolumeAttributesClassName();
        old.ClearVolumeAttributesClassName();
        if (MayGetClass(before, now, old))
        {
            old.StorageClassName = now.StorageClassName;
        }
        if (old.VolumeName.Length == 0)
        {
            // The binder names the volume, once.
            old.VolumeName = now.VolumeName;
        }
        if (!now.Equals(old))
        {
            errors.Forbidden(Spec, Frozen);
        }
    }

    /// <summary>A claim made before there was a default class gets it later; one that has a class by the annotation of old gets that one as its field.</summary>
    private static bool MayGetClass(PersistentVolumeClaim before, PersistentVolumeClaimSpec now, PersistentVolumeClaimSpec old) =>
        now.HasStorageClassName && !old.HasStorageClassName
        && (!before.Metadata.Annotations.TryGetValue("volume.beta.kubernetes.io/storage-class", out var annotated) || annotated == now.StorageClassName);

    /// <summary>A claim, as an object or as the template of one.</summary>
    internal static void Claim(PersistentVolumeClaimSpec spec, FieldPath path, FieldErrors errors)
    {
        if (spec.AccessModes.Count == 0)
        {
            errors.Required(path.Child("accessModes"), "at least 1 access mode is required");
        }
        LabelSelectorRules.Check(spec.Selector, path.Child("selector"), errors);
        VolumeFacts.AccessModes(spec.AccessModes, path.Child("accessModes"), errors);
        var storage = path.Child("resources").Key(Storage);
        if (spec.Resources is not null && spec.Resources.Requests.TryGetValue(Storage, out var amount))
        {
            VolumeFacts.Positive(amount, storage, errors);
        }
        else
        {
            errors.Required(storage);
        }
        errors.OptionalFormat(path.Child("storageClassName"), spec.StorageClassName, NameFormats.Dns1123Subdomain);
        VolumeFacts.Mode(spec.HasVolumeMode, spec.VolumeMode, path.Child("volumeMode"), errors);
        if (spec.DataSource is { } source)
        {
            Source(source.HasApiGroup ? source.ApiGroup : "", source.Kind, source.Name, path.Child("dataSource"), errors);
        }
        if (spec.DataSourceRef is { } reference)
        {
            Source(reference.HasApiGroup ? reference.ApiGroup : "", reference.Kind, reference.Name, path.Child("dataSourceRef"), errors);
        }
    }

    private static void Source(string group, string kind, string name, FieldPath path, FieldErrors errors)
    {
        errors.Present(path.Child("name"), name);
        errors.Present(path.Child("kind"), kind);
        if (group.Length == 0 && kind != "PersistentVolumeClaim")
        {
            errors.Invalid(path, kind, "must be 'PersistentVolumeClaim' when referencing the default apiGroup");
        }
        errors.OptionalFormat(path.Child("apiGroup"), group, NameFormats.Dns1123Subdomain);
    }

    private static void NotSmaller(PersistentVolumeClaimSpec now, PersistentVolumeClaimSpec old, FieldErrors errors)
    {
        if (Amount(now) < Amount(old))
        {
            errors.Forbidden(Spec.Child("resources").Child("requests").Child(Storage), "field can not be less than previous value");
        }
    }

    private static QuantityValue Amount(PersistentVolumeClaimSpec spec) =>
        spec.Resources is not null && spec.Resources.Requests.TryGetValue(Storage, out var amount)
        && QuantityValue.TryParse(amount.String, out var value) ? value : default;
}

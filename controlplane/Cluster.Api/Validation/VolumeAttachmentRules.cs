using Cluster.Api.StorageV1;

namespace Cluster.Api.Validation;

internal sealed class VolumeAttachmentRules : KindRules<VolumeAttachment>
{
    private const int MaxMetadataBytes = 256 * 1024;
    private const int MaxMessage = 1024;
    private const string OneSource = "must specify exactly one of inlineVolumeSpec and persistentVolumeName";

    private static readonly FieldPath Spec = FieldPath.Spec;

    protected override void Check(VolumeAttachment obj, FieldErrors errors)
    {
        var spec = obj.Spec ?? new VolumeAttachmentSpec();
        if (errors.Present(Spec.Child("attacher"), spec.Attacher))
        {
            errors.Format(Spec.Child("attacher"), spec.Attacher, NameFormats.CsiDriver);
        }
        Source(spec.Source ?? new VolumeAttachmentSource(), Spec.Child("source"), errors);
        errors.Format(Spec.Child("nodeName"), spec.NodeName, NameFormats.Dns1123Subdomain);
        Status(obj, errors);
    }

    protected override void CheckUpdate(VolumeAttachment obj, VolumeAttachment before, FieldErrors errors) =>
        errors.Unchanged(Spec, obj.Spec, before.Spec);

    protected override void CheckStatus(VolumeAttachment obj, VolumeAttachment before, FieldErrors errors) => Status(obj, errors);

    private static void Source(VolumeAttachmentSource source, FieldPath path, FieldErrors errors)
    {
        switch (source)
        {
            case { InlineVolumeSpec: null, HasPersistentVolumeName: false }:
                errors.Required(path, OneSource);
                break;
            case { InlineVolumeSpec: not null, HasPersistentVolumeName: true }:
                errors.Forbidden(path, OneSource);
                break;
            case { HasPersistentVolumeName: true, PersistentVolumeName: "" }:
                errors.Required(path.Child("persistentVolumeName"), "must specify non empty persistentVolumeName");
                break;
            case { HasPersistentVolumeName: true }:
                errors.Format(path.Child("persistentVolumeName"), source.PersistentVolumeName, NameFormats.Dns1123Subdomain);
                break;
        }
    }

    private static void Status(VolumeAttachment obj, FieldErrors errors)
    {
        var (status, path) = (obj.Status ?? new VolumeAttachmentStatus(), FieldPath.Status);
        if (status.AttachmentMetadata.Sum(entry => entry.Key.Length + entry.Value.Length) > MaxMetadataBytes)
        {
            errors.TooLong(path.Child("attachmentMetadata"), MaxMetadataBytes);
        }
        foreach (var (failure, field) in new[] { (status.AttachError, "attachError"), (status.DetachError, "detachError") })
        {
            if (failure?.Message.Length > MaxMessage)
            {
                errors.TooLong(path.Child(field).Child("message"), MaxMessage);
            }
        }
    }
}

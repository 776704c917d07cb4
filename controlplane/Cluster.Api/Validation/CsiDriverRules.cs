using Cluster.Api.StorageV1;

namespace Cluster.Api.Validation;

internal sealed class CsiDriverRules : KindRules<CSIDriver>
{
    private static readonly FieldPath Spec = FieldPath.Spec;

    protected override IEnumerable<string> NameFormat(string name) =>
        NameFormats.TooLong(name, NameFormats.LabelMaxLength).Concat(NameFormats.CsiDriver(name));

    protected override void Check(CSIDriver obj, FieldErrors errors)
    {
        var spec = obj.Spec ?? new CSIDriverSpec();
        Given(spec.HasAttachRequired, "attachRequired", errors);
        Given(spec.HasPodInfoOnMount, "podInfoOnMount", errors);
        Given(spec.HasStorageCapacity, "storageCapacity", errors);
        errors.OptionalOneOf(Spec.Child("fsGroupPolicy"), spec.FsGroupPolicy, "ReadWriteOnceWithFSType", "File", "None");
        var audiences = new HashSet<string>();
        for (var i = 0; i < spec.TokenRequests.Count; i++)
        {
            var (request, at) = (spec.TokenRequests[i], Spec.Child("tokenRequests").Index(i));
            if (!audiences.Add(request.Audience))
            {
                errors.Duplicate(at.Child("audience"), request.Audience);
            }
            if (request is { HasExpirationSeconds: true, ExpirationSeconds: < 600 })
            {
                errors.Invalid(at.Child("expirationSeconds"), request.ExpirationSeconds, "may not specify a duration less than 10 minutes");
            }
        }
        foreach (var mode in spec.VolumeLifecycleModes.Where(mode => mode is not ("Persistent" or "Ephemeral")))
        {
            errors.NotSupported(Spec.Child("volumeLifecycleModes"), mode, ["Ephemeral", "Persistent"]);
        }
    }

    protected override void CheckUpdate(CSIDriver obj, CSIDriver before, FieldErrors errors)
    {
        errors.Unchanged(Spec.Child("attachRequired"), obj.Spec?.AttachRequired, before.Spec?.AttachRequired);
        errors.Unchanged(Spec.Child("volumeLifecycleModes"), obj.Spec?.VolumeLifecycleModes, before.Spec?.VolumeLifecycleModes);
    }

    private static void Given(bool isGiven, string field, FieldErrors errors)
    {
        if (!isGiven)
        {
            errors.Required(Spec.Child(field));
        }
    }
}

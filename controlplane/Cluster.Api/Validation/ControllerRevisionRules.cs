using Cluster.Api.AppsV1;

namespace Cluster.Api.Validation;

internal sealed class ControllerRevisionRules : KindRules<ControllerRevision>
{
    protected override void Check(ControllerRevision obj, FieldErrors errors)
    {
        if (obj.Data is null || obj.Data.Raw.IsEmpty)
        {
            errors.Required(FieldPath.Root("data"), "data is mandatory");
        }
        errors.NotNegative(FieldPath.Root("revision"), obj.Revision);
    }

    /// <summary>A revision is history.</summary>
    protected override void CheckUpdate(ControllerRevision obj, ControllerRevision before, FieldErrors errors)
    {
        if (!Equals(obj.Data, before.Data))
        {
            errors.Invalid(FieldPath.Root("data"), obj.Data?.Raw.ToStringUtf8(), FieldErrors.Immutable);
        }
    }
}

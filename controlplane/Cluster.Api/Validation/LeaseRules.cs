using Cluster.Api.CoordinationV1;

namespace Cluster.Api.Validation;

internal sealed class LeaseRules : KindRules<Lease>
{
    protected override void Check(Lease obj, FieldErrors errors)
    {
        if (obj.Spec is not { } spec)
        {
            return;
        }
        if (spec is { HasLeaseDurationSeconds: true, LeaseDurationSeconds: <= 0 })
        {
            errors.Invalid(FieldPath.Spec.Child("leaseDurationSeconds"), spec.LeaseDurationSeconds, "must be greater than 0");
        }
        if (spec is { HasLeaseTransitions: true, LeaseTransitions: < 0 })
        {
            errors.Invalid(FieldPath.Spec.Child("leaseTransitions"), spec.LeaseTransitions, FieldErrors.Negative);
        }
        if (spec is { HasHolderIdentity: true, HolderIdentity: "" })
        {
            errors.Invalid(FieldPath.Spec.Child("holderIdentity"), spec.HolderIdentity, "must not be empty");
        }
    }

    /// <summary>A lease is a lock: nobody may write over what he has not read.</summary>
    protected override void CheckUpdate(Lease obj, Lease before, FieldErrors errors)
    {
        if (obj.Metadata?.ResourceVersion is null or "")
        {
            errors.Invalid(FieldPath.Metadata.Child("resourceVersion"), "", "must be specified for an update");
        }
    }
}

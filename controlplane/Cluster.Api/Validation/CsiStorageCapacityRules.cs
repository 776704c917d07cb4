using Cluster.Api.Quantities;
using Cluster.Api.StorageV1;

namespace Cluster.Api.Validation;

internal sealed class CsiStorageCapacityRules : KindRules<CSIStorageCapacity>
{
    private static readonly FieldPath Topology = FieldPath.Root("nodeTopology");
    private static readonly FieldPath Class = FieldPath.Root("storageClassName");

    protected override void Check(CSIStorageCapacity obj, FieldErrors errors)
    {
        LabelSelectorRules.Check(obj.NodeTopology, Topology, errors);
        if (errors.Present(Class, obj.StorageClassName))
        {
            errors.Format(Class, obj.StorageClassName, NameFormats.Dns1123Subdomain);
        }
        NotNegative(obj.Capacity, "capacity", errors);
        NotNegative(obj.MaximumVolumeSize, "maximumVolumeSize", errors);
    }

    protected override void CheckUpdate(CSIStorageCapacity obj, CSIStorageCapacity before, FieldErrors errors)
    {
        errors.Unchanged(Topology, obj.NodeTopology, before.NodeTopology);
        errors.Unchanged(Class, obj.StorageClassName, before.StorageClassName);
    }

    private static void NotNegative(Resource.Quantity? amount, string field, FieldErrors errors)
    {
        if (QuantityValue.TryParse(amount?.String, out var value) && value.Sign < 0)
        {
            errors.Invalid(FieldPath.Root(field), amount!.String, FieldErrors.Negative);
        }
    }
}

using Cluster.Api.StorageV1;

namespace Cluster.Api.Validation;

internal sealed class CsiNodeRules : KindRules<CSINode>
{
    private const int MaxNodeId = 256;

    private static readonly FieldPath Drivers = FieldPath.Spec.Child("drivers");

    protected override void Check(CSINode obj, FieldErrors errors)
    {
        var seen = new HashSet<string>();
        var drivers = obj.Spec?.Drivers ?? [];
        for (var i = 0; i < drivers.Count; i++)
        {
            Driver(drivers[i], seen, Drivers.Index(i), errors);
        }
    }

    protected override void CheckUpdate(CSINode obj, CSINode before, FieldErrors errors)
    {
        foreach (var old in before.Spec?.Drivers ?? [])
        {
            foreach (var driver in (obj.Spec?.Drivers ?? []).Where(driver => driver.Name == old.Name))
            {
                errors.Unchanged(Drivers, driver, old);
            }
        }
    }

    private static void Driver(CSINodeDriver driver, HashSet<string> seen, FieldPath path, FieldErrors errors)
    {
        if (errors.Present(path.Child("name"), driver.Name))
        {
            errors.Format(path.Child("name"), driver.Name, NameFormats.CsiDriver);
        }
        if (!seen.Add(driver.Name))
        {
            errors.Duplicate(path.Child("name"), driver.Name);
        }
        errors.Present(path.Child("nodeID"), driver.NodeID);
        if (driver.NodeID.Length > MaxNodeId)
        {
            errors.Invalid(path.Child("nodeID"), driver.NodeID, $"must be {MaxNodeId} characters or less");
        }
        errors.NotNegative(path.Child("allocatable").Child("count"), driver.Allocatable?.Count ?? 0);
        var keys = new HashSet<string>();
        foreach (var key in driver.TopologyKeys)
        {
            if (!keys.Add(key))
            {
                errors.Duplicate(path.Child("topologyKeys"), key);
            }
            errors.Format(path.Child("topologyKeys"), key, NameFormats.QualifiedName);
        }
    }
}

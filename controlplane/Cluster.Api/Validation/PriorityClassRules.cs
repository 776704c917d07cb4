using Cluster.Api.SchedulingV1;

namespace Cluster.Api.Validation;

internal sealed class PriorityClassRules : KindRules<PriorityClass>
{
    private const int MaxOfUsers = 1_000_000_000;
    private const string SystemPrefix = "system-";

    private static readonly Dictionary<string, int> OfSystem = new()
    {
        ["system-cluster-critical"] = 2_000_000_000, ["system-node-critical"] = 2_000_001_000,
    };

    protected override void Check(PriorityClass obj, FieldErrors errors)
    {
        var name = obj.Metadata?.Name ?? "";
        if (name.StartsWith(SystemPrefix, StringComparison.Ordinal))
        {
            if (SystemError(obj, name) is { } error)
            {
                errors.Forbidden(
                    FieldPath.Metadata.Child("name"),
                    $"priority class names with '{SystemPrefix}' prefix are reserved for system use only. error: {error}");
            }
        }
        else if (obj.Value > MaxOfUsers)
        {
            errors.Forbidden(FieldPath.Root("value"), $"maximum allowed value of a user defined priority is {MaxOfUsers}");
        }
        if (obj.HasPreemptionPolicy && obj.PreemptionPolicy is not ("PreemptLowerPriority" or "Never"))
        {
            errors.NotSupported(FieldPath.Root("preemptionPolicy"), obj.PreemptionPolicy, ["PreemptLowerPriority", "Never"]);
        }
    }

    protected override void CheckUpdate(PriorityClass obj, PriorityClass before, FieldErrors errors)
    {
        if (obj.Value != before.Value)
        {
            errors.Forbidden(FieldPath.Root("value"), "may not be changed in an update.");
        }
        errors.Unchanged(FieldPath.Root("preemptionPolicy"), obj.PreemptionPolicy, before.PreemptionPolicy);
    }

    private static string? SystemError(PriorityClass obj, string name)
    {
        if (!OfSystem.TryGetValue(name, out var value))
        {
            return $"{name} is not a known system priority class";
        }
        return obj.Value != value ? $"value of {name} PriorityClass must be {value}"
            : obj.GlobalDefault ? $"globalDefault of {name} PriorityClass must be false" : null;
    }
}

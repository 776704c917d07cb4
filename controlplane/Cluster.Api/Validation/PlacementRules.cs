using Cluster.Api.CoreV1;

namespace Cluster.Api.Validation;

/// <summary>Where a pod may and should run: tolerations, spreading and affinity.</summary>
internal static class PlacementRules
{
    public static void Check(PodSpec spec, FieldPath path, FieldErrors errors)
    {
        Tolerations(spec.Tolerations, path.Child("tolerations"), errors);
        Spreading(spec.TopologySpreadConstraints, path.Child("topologySpreadConstraints"), errors);
        if (spec.Affinity is { } affinity)
        {
            AffinityRules.Check(affinity, path.Child("affinity"), errors);
        }
    }

    public static void TaintEffect(string effect, FieldPath path, FieldErrors errors) =>
        errors.OptionalOneOf(path, effect, "NoSchedule", "PreferNoSchedule", "NoExecute");

    public static void Tolerations(IReadOnlyList<Toleration> tolerations, FieldPath path, FieldErrors errors)
    {
        for (var i = 0; i < tolerations.Count; i++)
        {
            Toleration(tolerations[i], path.Index(i), errors);
        }
    }

    private static void Toleration(Toleration toleration, FieldPath path, FieldErrors errors)
    {
        errors.OptionalFormat(path.Child("key"), toleration.Key, NameFormats.QualifiedName);
        if (toleration.Key.Length == 0 && toleration.Operator != "Exists")
        {
            errors.Invalid(
                path.Child("operator"), toleration.Operator,
                "operator must be Exists when `key` is empty, which means \"match all values and all keys\"");
        }
        if (toleration.HasTolerationSeconds && toleration.Effect != "NoExecute")
        {
            errors.Invalid(path.Child("effect"), toleration.Effect, "effect must be 'NoExecute' when `tolerationSeconds` is set");
        }
        TolerationOperator(toleration, path.Child("operator"), errors);
        TaintEffect(toleration.Effect, path.Child("effect"), errors);
    }

    private static void TolerationOperator(Toleration toleration, FieldPath path, FieldErrors errors)
    {
        switch (toleration.Operator)
        {
            case "" or "Equal":
                var complaints = string.Join(';', NameFormats.LabelValue(toleration.Value));
                if (complaints.Length > 0)
                {
                    errors.Invalid(path, toleration.Value, complaints);
                }
                break;
            case "Exists" when toleration.Value.Length > 0:
                errors.Invalid(path, toleration.Value, "value must be empty when `operator` is 'Exists'");
                break;
            default:
                errors.OptionalOneOf(path, toleration.Operator, "Equal", "Exists");
                break;
        }
    }

    private static void Spreading(IReadOnlyList<TopologySpreadConstraint> constraints, FieldPath path, FieldErrors errors)
    {
        var last = new Dictionary<string, int>();
        for (var i = 0; i < constraints.Count; i++)
        {
            last[Pair(constraints[i])] = i;
        }
        for (var i = 0; i < constraints.Count; i++)
        {
            var (constraint, at) = (constraints[i], path.Index(i));
            Spread(constraint, at, errors);
            // Each that has its like further on, so that the last stands.
            if (last[Pair(constraint)] > i)
            {
                errors.Duplicate(at.Child("{topologyKey, whenUnsatisfiable}"), Pair(constraint));
            }
        }
    }

    private static string Pair(TopologySpreadConstraint constraint) => $"{{{constraint.TopologyKey}, {constraint.WhenUnsatisfiable}}}";

    private static void Spread(TopologySpreadConstraint constraint, FieldPath path, FieldErrors errors)
    {
        const string positive = "must be greater than zero";
        if (constraint.MaxSkew <= 0)
        {
            errors.Invalid(path.Child("maxSkew"), constraint.MaxSkew, positive);
        }
        if (constraint is { HasMinDomains: true, MinDomains: <= 0 })
        {
            errors.Invalid(path.Child("minDomains"), constraint.MinDomains, positive);
        }
        if (constraint.HasMinDomains && constraint.WhenUnsatisfiable != "DoNotSchedule")
        {
            errors.Invalid(
                path.Child("minDomains"), constraint.MinDomains,
                $"can only use minDomains if whenUnsatisfiable=DoNotSchedule, not {constraint.WhenUnsatisfiable}");
        }
        TopologyKey(constraint.TopologyKey, path.Child("topologyKey"), errors);
        if (constraint.WhenUnsatisfiable is not ("DoNotSchedule" or "ScheduleAnyway"))
        {
            errors.NotSupported(path.Child("whenUnsatisfiable"), constraint.WhenUnsatisfiable, ["DoNotSchedule", "ScheduleAnyway"]);
        }
        errors.OptionalOneOf(path.Child("nodeAffinityPolicy"), constraint.NodeAffinityPolicy, "Honor", "Ignore");
        errors.OptionalOneOf(path.Child("nodeTaintsPolicy"), constraint.NodeTaintsPolicy, "Honor", "Ignore");
        LabelSelectorRules.Check(constraint.LabelSelector, path.Child("labelSelector"), errors);
    }

    internal static void TopologyKey(string key, FieldPath path, FieldErrors errors)
    {
        if (key.Length == 0)
        {
            errors.Required(path, "can not be empty");
        }
    }
}

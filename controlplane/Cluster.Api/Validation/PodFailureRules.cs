using Cluster.Api.BatchV1;

namespace Cluster.Api.Validation;

/// <summary>What a job makes of the ways its pods fail.</summary>
internal static class PodFailureRules
{
    private const int MaxRules = 20;
    private const int MaxValues = 255;

    private static readonly string[] Actions = ["Count", "FailIndex", "FailJob", "Ignore"];

    public static void Check(PodFailurePolicy policy, JobSpec spec, FieldPath path, FieldErrors errors)
    {
        var rules = path.Child("rules");
        if (policy.Rules.Count > MaxRules)
        {
            errors.TooMany(rules, policy.Rules.Count, MaxRules);
        }
        for (var i = 0; i < policy.Rules.Count; i++)
        {
            Rule(policy.Rules[i], spec, rules.Index(i), errors);
        }
    }

    private static void Rule(PodFailurePolicyRule rule, JobSpec spec, FieldPath path, FieldErrors errors)
    {
        if (rule.Action.Length == 0)
        {
            errors.Required(path.Child("action"), $"valid values: [{string.Join(' ', Actions.Select(GoText.Quote))}]");
        }
        else if (rule.Action == "FailIndex" && !spec.HasBackoffLimitPerIndex)
        {
            errors.Invalid(path.Child("action"), rule.Action, "requires the backoffLimitPerIndex to be set");
        }
        else
        {
            errors.OptionalOneOf(path.Child("action"), rule.Action, Actions);
        }
        if (rule.OnExitCodes is { } codes)
        {
            ExitCodes(codes, spec, path.Child("onExitCodes"), errors);
        }
        for (var i = 0; i < rule.OnPodConditions.Count; i++)
        {
            var (pattern, at) = (rule.OnPodConditions[i], path.Child("onPodConditions").Index(i));
            errors.Format(at.Child("type"), pattern.Type, NameFormats.QualifiedName);
            errors.OneOf(at.Child("status"), pattern.Status, "False", "True", "Unknown");
        }
        if (rule.OnExitCodes is null == (rule.OnPodConditions.Count == 0))
        {
            errors.Add(FieldError.InvalidUnshown(path.ToString(), rule.OnExitCodes is null
                ? "specifying one of OnExitCodes and OnPodConditions is required"
                : "specifying both OnExitCodes and OnPodConditions is not supported"));
        }
    }

    private static void ExitCodes(PodFailurePolicyOnExitCodesRequirement codes, JobSpec spec, FieldPath path, FieldErrors errors)
    {
        errors.OneOf(path.Child("operator"), codes.Operator, "In", "NotIn");
        var pod = spec.Template?.Spec;
        var names = (pod?.Containers ?? []).Concat(pod?.InitContainers ?? []).Select(container => container.Name);
        if (codes.HasContainerName && !names.Contains(codes.ContainerName))
        {
            errors.Invalid(
                path.Child("containerName"), codes.ContainerName, "must be one of the container or initContainer names in the pod template");
        }
        var values = path.Child("values");
        if (codes.Values.Count == 0)
        {
            errors.Invalid(values, null, "at least one value is required");
        }
        else if (codes.Values.Count > MaxValues)
        {
            errors.TooMany(values, codes.Values.Count, MaxValues);
        }
        var seen = new HashSet<int>();
        for (var i = 0; i < codes.Values.Count; i++)
        {
            if (codes.Operator == "In" && codes.Values[i] == 0)
            {
                errors.Invalid(values.Index(i), 0, "must not be 0 for the In operator");
            }
            if (!seen.Add(codes.Values[i]))
            {
                errors.Duplicate(values.Index(i), codes.Values[i]);
            }
        }
        if (!codes.Values.Order().SequenceEqual(codes.Values))
        {
            errors.Invalid(values, $"[{string.Join(' ', codes.Values)}]", "must be ordered");
        }
    }
}

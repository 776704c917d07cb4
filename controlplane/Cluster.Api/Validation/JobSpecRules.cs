using Cluster.Api.BatchV1;
using Cluster.Api.CoreV1;

namespace Cluster.Api.Validation;

/// <summary>What a job is to do, as an object of its own or in what makes jobs by the clock.</summary>
internal static class JobSpecRules
{
    private const int MaxIndexed = 100_000;

    /// <summary>Where each of very many indexes is counted, so few at a time and so few failed ones.</summary>
    private const int MaxOfMany = 10_000;
    private const int MaxManagedBy = 63;

    public static void Check(JobSpec spec, FieldPath path, FieldErrors errors)
    {
        errors.NotNegative(path.Child("parallelism"), spec.Parallelism);
        errors.NotNegative(path.Child("completions"), spec.Completions);
        errors.NotNegative(path.Child("activeDeadlineSeconds"), spec.ActiveDeadlineSeconds);
        errors.NotNegative(path.Child("backoffLimit"), spec.BackoffLimit);
        errors.NotNegative(path.Child("ttlSecondsAfterFinished"), spec.TtlSecondsAfterFinished);
        errors.NotNegative(path.Child("backoffLimitPerIndex"), spec.BackoffLimitPerIndex);
        errors.NotNegative(path.Child("maxFailedIndexes"), spec.MaxFailedIndexes);
        if (spec is { HasMaxFailedIndexes: true, HasBackoffLimitPerIndex: false })
        {
            errors.Required(path.Child("backoffLimitPerIndex"), "when maxFailedIndexes is specified");
        }
        if (spec.HasManagedBy)
        {
            DomainPathRules.Check(spec.ManagedBy, path.Child("managedBy"), errors);
            if (spec.ManagedBy.Length > MaxManagedBy)
            {
                errors.TooLong(path.Child("managedBy"), MaxManagedBy);
            }
        }
        Mode(spec, path, errors);
        if (spec.PodFailurePolicy is { } policy)
        {
            PodFailureRules.Check(policy, spec, path.Child("podFailurePolicy"), errors);
        }
        Replacement(spec, path.Child("podReplacementPolicy"), errors);
        var template = path.Child("template");
        PodTemplateRules.Template(spec.Template ?? new PodTemplateSpec(), template, errors);
        RestartPolicy(spec, template.Child("spec").Child("restartPolicy"), errors);
    }

    private static void Mode(JobSpec spec, FieldPath path, FieldErrors errors)
    {
        if (spec.HasCompletionMode && spec.CompletionMode is not ("NonIndexed" or "Indexed"))
        {
            errors.NotSupported(path.Child("completionMode"), spec.CompletionMode, ["NonIndexed", "Indexed"]);
        }
        if (spec.CompletionMode == "Indexed")
        {
            Indexed(spec, path, errors);
            return;
        }
        const string needsIndexes = "requires indexed completion mode";
        if (spec.HasBackoffLimitPerIndex)
        {
            errors.Invalid(path.Child("backoffLimitPerIndex"), spec.BackoffLimitPerIndex, needsIndexes);
        }
        if (spec.HasMaxFailedIndexes)
        {
            errors.Invalid(path.Child("maxFailedIndexes"), spec.MaxFailedIndexes, needsIndexes);
        }
        if (spec.SuccessPolicy is { } success)
        {
            errors.Invalid(path.Child("successPolicy"), success, needsIndexes);
        }
    }

    private static void Indexed(JobSpec spec, FieldPath path, FieldErrors errors)
    {
        if (!spec.HasCompletions)
        {
            errors.Required(path.Child("completions"), "when completion mode is Indexed");
        }
        if (spec.Parallelism > MaxIndexed)
        {
            errors.Invalid(path.Child("parallelism"), spec.Parallelism, $"must be less than or equal to {MaxIndexed} when completion mode is Indexed");
        }
        if (spec.HasCompletions && spec.MaxFailedIndexes > spec.Completions)
        {
            errors.Invalid(path.Child("maxFailedIndexes"), spec.MaxFailedIndexes, "must be less than or equal to completions");
        }
        if (spec.MaxFailedIndexes > MaxIndexed)
        {
            errors.Invalid(path.Child("maxFailedIndexes"), spec.MaxFailedIndexes, $"must be less than or equal to {MaxIndexed}");
        }
        if (spec is { Completions: > MaxIndexed, HasBackoffLimitPerIndex: true })
        {
            OfMany(spec, path, errors);
        }
        if (spec is { HasCompletions: true, SuccessPolicy: { } success })
        {
            JobSuccessRules.Check(success, spec.Completions, path.Child("successPolicy"), errors);
        }
    }

    private static void OfMany(JobSpec spec, FieldPath path, FieldErrors errors)
    {
        var tooMany = $"must be less than or equal to {MaxOfMany} when completions are above {MaxIndexed} and used with backoff limit per index";
        if (!spec.HasMaxFailedIndexes)
        {
            errors.Required(path.Child("maxFailedIndexes"), $"must be specified when completions is above {MaxIndexed}");
        }
        if (spec.Parallelism > MaxOfMany)
        {
            errors.Invalid(path.Child("parallelism"), spec.Parallelism, tooMany);
        }
        if (spec.MaxFailedIndexes > MaxOfMany)
        {
            errors.Invalid(path.Child("maxFailedIndexes"), spec.MaxFailedIndexes, tooMany);
        }
    }

    private static void Replacement(JobSpec spec, FieldPath path, FieldErrors errors)
    {
        string[] allowed = spec.PodFailurePolicy is null ? ["Failed", "TerminatingOrFailed"] : ["Failed"];
        if (spec.HasPodReplacementPolicy && !allowed.Contains(spec.PodReplacementPolicy))
        {
            errors.NotSupported(path, spec.PodReplacementPolicy, allowed);
        }
    }

    /// <summary>Always is what a template says that says nothing, so it is told as missing.</summary>
    private static void RestartPolicy(JobSpec spec, FieldPath path, FieldErrors errors)
    {
        var policy = spec.Template?.Spec?.RestartPolicy ?? "";
        if (policy is "" or "Always")
        {
            errors.Required(path, "valid values: \"OnFailure\", \"Never\"");
        }
        else if (policy is not ("OnFailure" or "Never"))
        {
            errors.NotSupported(path, policy, ["OnFailure", "Never"]);
        }
        else if (spec.PodFailurePolicy is not null && policy != "Never")
        {
            errors.Invalid(path, policy, "only \"Never\" is supported when podFailurePolicy is specified");
        }
    }
}

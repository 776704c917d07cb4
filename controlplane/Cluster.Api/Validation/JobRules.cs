using Cluster.Api.BatchV1;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;

namespace Cluster.Api.Validation;

internal sealed class JobRules : KindRules<Job>
{
    private static readonly FieldPath Spec = FieldPath.Spec;

    protected override void Check(Job obj, FieldErrors errors)
    {
        var spec = obj.Spec ?? new JobSpec();
        GeneratedLabels(obj, spec, errors);
        JobSpecRules.Check(spec, Spec, errors);
        Selector(spec, errors);
        if (spec is { CompletionMode: "Indexed", Completions: > 0 })
        {
            var host = $"{obj.Metadata?.Name}-{spec.Completions - 1}";
            if (NameFormats.Dns1123Label(host).Any())
            {
                errors.Invalid(FieldPath.Metadata.Child("name"), obj.Metadata?.Name, $"will not able to create pod with invalid DNS label: {host}");
            }
        }
    }

    protected override void CheckUpdate(Job obj, Job before, FieldErrors errors)
    {
        var (spec, old) = (obj.Spec ?? new JobSpec(), before.Spec ?? new JobSpec());
        Completions(spec, old, errors);
        errors.Unchanged(Spec.Child("selector"), spec.Selector, old.Selector);
        errors.Unchanged(Spec.Child("template"), Comparable(spec, old), old.Template);
        errors.Unchanged(Spec.Child("completionMode"), spec.CompletionMode, old.CompletionMode);
        errors.Unchanged(Spec.Child("podFailurePolicy"), spec.PodFailurePolicy, old.PodFailurePolicy);
        errors.Unchanged(Spec.Child("backoffLimitPerIndex"), spec.BackoffLimitPerIndex, old.BackoffLimitPerIndex);
        errors.Unchanged(Spec.Child("managedBy"), spec.ManagedBy, old.ManagedBy);
        errors.Unchanged(Spec.Child("successPolicy"), spec.SuccessPolicy, old.SuccessPolicy);

        // A job at rest that has not begun may still be told where to run.
        PodTemplateSpec? Comparable(JobSpec now, JobSpec then) =>
            before.Spec is { Suspend: true } && before.Status?.StartTime is null ? WithDirectives(now.Template, then.Template) : now.Template;
    }

    /// <summary>
    /// What later servers ask of a finished job besides (a criterion met before it is complete, no pod active) is left out: the job
    /// controllers of earlier ones do not write it.
    /// </summary>
    protected override void CheckStatus(Job obj, Job before, FieldErrors errors)
    {
        var (status, path) = (obj.Status ?? new JobStatus(), FieldPath.Status);
        errors.NotNegative(path.Child("active"), status.Active);
        errors.NotNegative(path.Child("succeeded"), status.Succeeded);
        errors.NotNegative(path.Child("failed"), status.Failed);
        errors.NotNegative(path.Child("ready"), status.Ready);
        errors.NotNegative(path.Child("terminating"), status.Terminating);
        if (Is(status, "Complete") && Is(status, "Failed"))
        {
            errors.Add(FieldError.InvalidUnshown(path.Child("conditions").ToString(), "cannot set Complete=True and Failed=true conditions"));
        }
        if (status is { StartTime: { } start, CompletionTime: { } end } && end.Seconds < start.Seconds)
        {
            errors.Invalid(path.Child("completionTime"), end, "must be equal to or after `startTime`");
        }
    }

    private static bool Is(JobStatus status, string type) => status.Conditions.Any(condition => condition.Type == type && condition.Status == "True");

    /// <summary>The registry gives every job labels by which its pods are told from all others; a user's own must not contradict.</summary>
    private static void GeneratedLabels(Job job, JobSpec spec, FieldErrors errors)
    {
        if (spec.ManualSelector || spec.Selector is null)
        {
            return;
        }
        var expected = JobLabels.Of(job);
        var labels = Spec.Child("template").Child("metadata").Child("labels");
        var given = spec.Template?.Metadata?.Labels ?? [];
        foreach (var (name, value) in expected)
        {
            if (!given.TryGetValue(name, out var actual))
            {
                errors.Required(labels.Key(name), $"must be '{value}'");
            }
            else if (actual != value)
            {
                errors.Invalid(labels.Key(name), given, $"must be '{value}'");
            }
        }
        if (IsSelector(spec.Selector) && !Selectors.LabelSelector.From(spec.Selector).Matches(expected))
        {
            errors.Invalid(Spec.Child("selector"), spec.Selector, "`selector` not auto-generated");
        }
    }

    private static void Selector(JobSpec spec, FieldErrors errors)
    {
        if (spec.Selector is null)
        {
            errors.Required(Spec.Child("selector"));
            return;
        }
        LabelSelectorRules.Check(spec.Selector, Spec.Child("selector"), errors);
        var labels = spec.Template?.Metadata?.Labels ?? [];
        if (IsSelector(spec.Selector) && !Selectors.LabelSelector.From(spec.Selector).Matches(labels))
        {
            errors.Invalid(Spec.Child("template").Child("metadata").Child("labels"), labels, "`selector` does not match template `labels`");
        }
    }

    private static bool IsSelector(LabelSelector selector)
    {
        var errors = new FieldErrors();
        LabelSelectorRules.Check(selector, Spec, errors);
        return errors.Count == 0;
    }

    /// <summary>An indexed job may grow and shrink, all at once.</summary>
    private static void Completions(JobSpec spec, JobSpec old, FieldErrors errors)
    {
        var path = Spec.Child("completions");
        if (spec.CompletionMode != "Indexed")
        {
            errors.Unchanged(path, spec.HasCompletions ? spec.Completions : (int?)null, old.HasCompletions ? old.Completions : null);
        }
        else if (spec.HasCompletions && spec.Completions != old.Completions && spec.Completions != spec.Parallelism)
        {
            errors.Invalid(path, spec.Completions, "can only be modified in tandem with spec.parallelism");
        }
    }

    private static PodTemplateSpec? WithDirectives(PodTemplateSpec? now, PodTemplateSpec? then)
    {
        var restored = now?.Clone();
        if (restored?.Spec is not { } spec || then?.Spec is not { } old)
        {
            return restored;
        }
        spec.NodeSelector.Clear();
        spec.NodeSelector.Add(old.NodeSelector);
        spec.Tolerations.Clear();
        spec.Tolerations.Add(old.Tolerations);
        spec.SchedulingGates.Clear();
        spec.SchedulingGates.Add(old.SchedulingGates);
        spec.Affinity = old.Affinity?.Clone();
        restored.Metadata = then.Metadata?.Clone();
        return restored;
    }
}

using Cluster.Api.BatchV1;

namespace Cluster.Api.Defaulting;

/// <summary>Defaults of jobs and of what makes them.</summary>
internal static class BatchDefaults
{
    private const int BackoffLimit = 6;
    private const int SuccessfulJobs = 3;
    private const int FailedJobs = 1;

    public static void Apply(Job job)
    {
        job.Spec ??= new JobSpec();
        var spec = job.Spec;
        if (spec is { HasCompletions: false, HasParallelism: false })
        {
            spec.Completions = 1;
        }
        if (!spec.HasParallelism)
        {
            spec.Parallelism = 1;
        }
        if (!spec.HasBackoffLimit)
        {
            // With a limit of its own for each index the sum is not what ends the job.
            spec.BackoffLimit = spec.HasBackoffLimitPerIndex ? int.MaxValue : BackoffLimit;
        }
        if (!spec.HasCompletionMode)
        {
            spec.CompletionMode = "NonIndexed";
        }
        spec.Suspend = spec.HasSuspend && spec.Suspend;
        if (!spec.HasPodReplacementPolicy)
        {
            spec.PodReplacementPolicy = spec.PodFailurePolicy is null ? "TerminatingOrFailed" : "Failed";
        }
        foreach (var pattern in spec.PodFailurePolicy?.Rules.SelectMany(rule => rule.OnPodConditions) ?? [])
        {
            pattern.Status = pattern.Status.Or("True");
        }
        PodSpecDefaults.Apply(spec.Template);
        if (spec.Template?.Metadata is { Labels.Count: > 0 } template)
        {
            job.Metadata ??= new MetaV1.ObjectMeta();
            if (job.Metadata.Labels.Count == 0)
            {
                job.Metadata.Labels.Add(template.Labels);
            }
        }
    }

    public static void Apply(CronJob cron)
    {
        cron.Spec ??= new CronJobSpec();
        var spec = cron.Spec;
        spec.ConcurrencyPolicy = spec.ConcurrencyPolicy.Or("Allow");
        spec.Suspend = spec.HasSuspend && spec.Suspend;
        if (!spec.HasSuccessfulJobsHistoryLimit)
        {
            spec.SuccessfulJobsHistoryLimit = SuccessfulJobs;
        }
        if (!spec.HasFailedJobsHistoryLimit)
        {
            spec.FailedJobsHistoryLimit = FailedJobs;
        }
        PodSpecDefaults.Apply(spec.JobTemplate?.Spec?.Template);
    }
}

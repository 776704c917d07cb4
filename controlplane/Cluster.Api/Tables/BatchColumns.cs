using System.Globalization;
using Cluster.Api.BatchV1;
using Cluster.Api.MetaV1;

namespace Cluster.Api.Tables;

/// <summary>Jobs, and what makes them by the clock.</summary>
internal static class BatchColumns
{
    private const string Containers = "Names of the template's containers.";
    private const string Images = "Images of the template's containers.";
    private const string Selected = "The labels that make a pod one of this object's.";

    /// <summary>In the order they are looked for: what a job has come to, then what it is coming to.</summary>
    private static readonly (string Condition, string Shown)[] States =
        [("Complete", "Complete"), ("Failed", "Failed"), ("Suspended", "Suspended"), ("FailureTarget", "FailureTarget"), ("SuccessCriteriaMet", "SuccessCriteriaMet")];

    public static TableColumns OfJob() => new TableBuilder<Job>()
        .Name()
        .Text("Status", "What the job has come to, or is doing.", State)
        .Text("Completions", "Pods that have done their work, of those wanted.", Completions)
        .Text("Duration", "How long it has been running, or ran.", Duration)
        .Age()
        .Wide("Containers", Containers, job => CellText.ContainerNames(job.Spec?.Template))
        .Wide("Images", Images, job => CellText.ContainerImages(job.Spec?.Template))
        .Wide("Selector", Selected, job => CellText.Selector(job.Spec?.Selector))
        .Build();

    public static TableColumns OfCronJob() => new TableBuilder<CronJob>()
        .Name()
        .Text("Schedule", "When it makes jobs, as cron writes it.", cron => cron.Spec?.Schedule ?? "")
        .Text("Timezone", "The time zone of the schedule.", cron => CellText.OrNone(cron.Spec?.TimeZone))
        .Add("Suspend", "boolean", "", "Whether it is at rest.", 0,
            (cron, _) => CellText.Bool(cron.Spec?.HasSuspend ?? false, cron.Spec?.Suspend ?? false))
        .Number("Active", "Jobs it has running.", cron => cron.Status?.Active.Count ?? 0)
        .Text("Last Schedule", "How long ago it made a job.", LastSchedule)
        .Age()
        .Wide("Containers", Containers, cron => CellText.ContainerNames(cron.Spec?.JobTemplate?.Spec?.Template))
        .Wide("Images", Images, cron => CellText.ContainerImages(cron.Spec?.JobTemplate?.Spec?.Template))
        .Wide("Selector", Selected, cron => CellText.Selector(cron.Spec?.JobTemplate?.Spec?.Selector))
        .Build();

    private static string State(Job job)
    {
        var conditions = job.Status?.Conditions.Where(condition => condition.Status == "True").Select(condition => condition.Type).ToHashSet() ?? [];
        if (States.FirstOrDefault(state => conditions.Contains(state.Condition)).Shown is not { } state)
        {
            return job.Metadata?.DeletionTimestamp is null ? "Running" : "Terminating";
        }
        return state is "FailureTarget" or "SuccessCriteriaMet" && job.Metadata?.DeletionTimestamp is not null ? "Terminating" : state;
    }

    private static string Completions(Job job)
    {
        var (spec, succeeded) = (job.Spec ?? new JobSpec(), job.Status?.Succeeded ?? 0);
        var wanted = spec.HasCompletions ? spec.Completions.ToString(CultureInfo.InvariantCulture)
            : spec.Parallelism > 1 ? $"1 of {spec.Parallelism}" : "1";
        return $"{succeeded}/{wanted}";
    }

    private static string Duration(Job job, DateTimeOffset now)
    {
        if (job.Status?.StartTime is not { } start || start.IsZero())
        {
            return "";
        }
        return AgeText.Since(start, job.Status.CompletionTime is { } end ? end.ToDateTimeOffset() : now);
    }

    private static string LastSchedule(CronJob cron, DateTimeOffset now) =>
        cron.Status?.LastScheduleTime is { } last ? AgeText.Since(last, now) : CellText.None;
}

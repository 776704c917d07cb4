using Cluster.Api.BatchV1;
using Cluster.Api.Schedules;

namespace Cluster.Api.Validation;

internal sealed class CronJobRules : KindRules<CronJob>
{
    /// <summary>The controller adds a dash and ten digits to the names of the jobs.</summary>
    private const int MaxName = 52;

    private static readonly FieldPath Spec = FieldPath.Spec;

    protected override void Check(CronJob obj, FieldErrors errors)
    {
        var spec = obj.Spec ?? new CronJobSpec();
        Schedule(spec, errors);
        errors.NotNegative(Spec.Child("startingDeadlineSeconds"), spec.StartingDeadlineSeconds);
        errors.OneOf(Spec.Child("concurrencyPolicy"), spec.ConcurrencyPolicy, "Allow", "Forbid", "Replace");
        Template(spec.JobTemplate?.Spec ?? new JobSpec(), Spec.Child("jobTemplate").Child("spec"), errors);
        errors.NotNegative(Spec.Child("successfulJobsHistoryLimit"), spec.SuccessfulJobsHistoryLimit);
        errors.NotNegative(Spec.Child("failedJobsHistoryLimit"), spec.FailedJobsHistoryLimit);
        TimeZone(spec, errors);
    }

    protected override void CheckCreate(CronJob obj, FieldErrors errors)
    {
        if (obj.Metadata?.Name.Length > MaxName)
        {
            errors.Invalid(FieldPath.Metadata.Child("name"), obj.Metadata.Name, $"must be no more than {MaxName} characters");
        }
    }

    private static void Schedule(CronJobSpec spec, FieldErrors errors)
    {
        var path = Spec.Child("schedule");
        if (!errors.Present(path, spec.Schedule))
        {
            return;
        }
        if (CronSchedule.Error(spec.Schedule) is { } error)
        {
            errors.Invalid(path, spec.Schedule, error);
        }
        if (spec.Schedule.Contains("TZ", StringComparison.Ordinal))
        {
            errors.Invalid(path, spec.Schedule, spec.HasTimeZone
                ? "cannot use both timeZone field and TZ or CRON_TZ in schedule"
                : "cannot use TZ or CRON_TZ in schedule, use timeZone field instead");
        }
    }

    private static void TimeZone(CronJobSpec spec, FieldErrors errors)
    {
        if (!spec.HasTimeZone)
        {
            return;
        }
        var path = Spec.Child("timeZone");
        if (spec.TimeZone.Length == 0)
        {
            errors.Invalid(path, spec.TimeZone, "timeZone must be nil or non-empty string");
        }
        else if (string.Equals(spec.TimeZone, "Local", StringComparison.OrdinalIgnoreCase))
        {
            errors.Invalid(path, spec.TimeZone, "timeZone must be an explicit time zone as defined in https://www.iana.org/time-zones");
        }
        else if (!TimeZoneInfo.TryFindSystemTimeZoneById(spec.TimeZone, out _))
        {
            errors.Invalid(path, spec.TimeZone, $"unknown time zone {spec.TimeZone}");
        }
    }

    /// <summary>Each job gets a selector of its own, so the template has none.</summary>
    private static void Template(JobSpec spec, FieldPath path, FieldErrors errors)
    {
        if (spec.Selector is not null)
        {
            errors.Invalid(path.Child("selector"), spec.Selector, "`selector` will be auto-generated");
        }
        if (spec.ManualSelector)
        {
            errors.NotSupported(path.Child("manualSelector"), "true", ["nil", "false"]);
        }
        JobSpecRules.Check(spec, path, errors);
    }
}

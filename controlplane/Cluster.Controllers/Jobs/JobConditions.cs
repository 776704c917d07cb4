using Cluster.Api;
using Cluster.Api.BatchV1;

namespace Cluster.Controllers.Jobs;

/// <summary>The conditions of a job's status.</summary>
internal static class JobConditions
{
    public const string Complete = "Complete";
    public const string Failed = "Failed";
    public const string Suspended = "Suspended";

    /// <summary>It will be complete when its last pod is gone.</summary>
    public const string SuccessCriteriaMet = "SuccessCriteriaMet";

    /// <summary>It will have failed when its last pod is gone.</summary>
    public const string FailureTarget = "FailureTarget";

    /// <summary>When the job came to its end, or null while it has none.</summary>
    public static DateTimeOffset? FinishTime(Job job) =>
        job.Status?.Conditions.FirstOrDefault(condition => condition.Type is Complete or Failed && condition.Status == "True")?.LastTransitionTime
            .ToDateTimeOffset();

    public static bool IsFinished(Job job) => FinishedAs(job) is not null;

    /// <summary>How the job ended, <see cref="Complete"/> or <see cref="Failed"/>, or null while it has not.</summary>
    public static string? FinishedAs(Job job) =>
        job.Status?.Conditions.FirstOrDefault(condition => condition.Type is Complete or Failed && condition.Status == "True")?.Type;

    public static bool Has(JobStatus status, string type) => Get(status, type) is { Status: "True" };

    public static JobCondition? Get(JobStatus status, string type) => status.Conditions.FirstOrDefault(condition => condition.Type == type);

    /// <summary>Sets the condition; its times change only with its status.</summary>
    /// <returns>Whether the status of the condition changed.</returns>
    public static bool Set(JobStatus status, string type, bool holds, string reason, string message, DateTimeOffset now)
    {
        var word = holds ? "True" : "False";
        var old = Get(status, type);
        if (old?.Status == word)
        {
            return false;
        }

        if (old is not null)
        {
            status.Conditions.Remove(old);
        }

        status.Conditions.Add(new JobCondition
        {
            Type = type, Status = word, Reason = reason, Message = message, LastProbeTime = now.ToTime(), LastTransitionTime = now.ToTime(),
        });
        return true;
    }
}

using Cluster.Api.BatchV1;

namespace Cluster.Controllers.Jobs;

/// <summary>That a job comes to its end, and why.</summary>
/// <remarks>
/// First a condition says what it is coming to, while its pods are taken away; when the last one is gone, another says what it has come to.
/// </remarks>
internal sealed record JobEnd(bool IsSuccess, string Reason, string Message)
{
    private const string PodFailurePolicy = "PodFailurePolicy";
    private const string Reached = "Reached expected number of succeeded pods";

    /// <summary>The condition while pods are still there.</summary>
    public string Interim => IsSuccess ? JobConditions.SuccessCriteriaMet : JobConditions.FailureTarget;

    public string Terminal => IsSuccess ? JobConditions.Complete : JobConditions.Failed;

    /// <summary>The end the job comes to, or null: it goes on.</summary>
    /// <param name="job">The job; its status may tell of an end that has begun.</param>
    /// <param name="tally">Its pods.</param>
    /// <param name="isPastDeadline">Its time is up.</param>
    public static JobEnd? Of(Job job, JobTally tally, bool isPastDeadline) =>
        Begun(job, JobConditions.SuccessCriteriaMet, true)
        ?? Begun(job, JobConditions.FailureTarget, false)
        ?? Failure(job, tally, isPastDeadline)
        ?? Success(job, tally);

    /// <summary>Notes that a pod's failure is that of the job, where nothing may be done about it yet: when it may, the pod can be gone.</summary>
    public static void Foretell(Job job, JobTally tally, DateTimeOffset now)
    {
        if (tally.FailsJob is { } message && Begun(job, JobConditions.SuccessCriteriaMet, true) is null && Begun(job, JobConditions.FailureTarget, false) is null)
        {
            JobConditions.Set(job.Status, JobConditions.FailureTarget, true, PodFailurePolicy, message, now);
        }
    }

    private static JobEnd? Begun(Job job, string condition, bool isSuccess) =>
        JobConditions.Get(job.Status, condition) is { Status: "True" } begun ? new(isSuccess, begun.Reason, begun.Message) : null;

    private static JobEnd? Failure(Job job, JobTally tally, bool isPastDeadline)
    {
        if (tally.FailsJob is { } message)
        {
            return new(false, PodFailurePolicy, message);
        }

        if (tally.IsPastBackoffLimit)
        {
            return new(false, "BackoffLimitExceeded", "Job has reached the specified backoff limit");
        }

        if (isPastDeadline)
        {
            return new(false, "DeadlineExceeded", "Job was active longer than specified deadline");
        }

        if (tally.Indexes is not { Failed.Count: > 0 and var failed })
        {
            return null;
        }

        return job.Spec.HasMaxFailedIndexes && failed > job.Spec.MaxFailedIndexes
            ? new(false, "MaxFailedIndexesExceeded", "Job has exceeded the specified maximal number of failed indexes")
            : failed + tally.Succeeded >= job.Spec.Completions ? new(false, "FailedIndexes", "Job has failed indexes") : null;
    }

    private static JobEnd? Success(Job job, JobTally tally) =>
        CompletionIndexes.AreUsed(job) && SuccessRules.Met(job, tally.SucceededIndexes) is { } rule
            ? new(true, "SuccessPolicy", $"Matched rules at index {rule}")
            : tally.IsComplete ? new(true, "CompletionsReached", Reached) : null;
}

using Cluster.Api;
using Cluster.Api.BatchV1;
using Cluster.Api.CoreV1;

namespace Cluster.Controllers.Jobs;

/// <summary>What a job's pods come to at one moment.</summary>
internal sealed class JobTally
{
    private static readonly TimeSpan FirstBackoff = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan LongestBackoff = TimeSpan.FromMinutes(6);

    private readonly Job _job;
    private readonly List<Pod> _failed;

    public JobTally(Job job, IReadOnlyList<Pod> pods)
    {
        _job = job;
        Active = [.. pods.Where(pod => pod.IsActive())];
        _failed = [.. pods.Where(pod => pod.Status?.Phase == "Failed")];
        Terminating = pods.Count(pod => pod.IsTerminating() && !pod.IsTerminal());
        var succeeded = pods.Where(pod => pod.Status?.Phase == "Succeeded").ToList();
        SucceededIndexes = succeeded.Where(_ => CompletionIndexes.AreUsed(job)).Select(pod => CompletionIndexes.Of(job, pod)).OfType<int>().ToHashSet();
        Succeeded = CompletionIndexes.AreUsed(job) ? SucceededIndexes.Count : succeeded.Count;
    }

    /// <summary>Pods that count: not ended, not being deleted.</summary>
    public IReadOnlyList<Pod> Active { get; }

    /// <summary>Pods on their way out that have not ended yet.</summary>
    public int Terminating { get; }

    public int Succeeded { get; }

    public IReadOnlySet<int> SucceededIndexes { get; }

    public int Failed => _failed.Count;

    public int Ready => Active.Count(pod => pod.IsReady());

    /// <summary>How many pods shall be active; a job of a work queue starts no more after its first success.</summary>
    public int WantedActive => _job.Spec.Suspend ? 0
        : !_job.Spec.HasCompletions ? Succeeded > 0 ? Math.Min(Active.Count, _job.Spec.Parallelism) : _job.Spec.Parallelism
        : Math.Max(0, Math.Min(_job.Spec.Parallelism, _job.Spec.Completions - Succeeded));

    public bool IsComplete => _job.Spec.HasCompletions ? Succeeded >= _job.Spec.Completions : Succeeded > 0 && Active.Count == 0;

    /// <summary>Failed pods or, where containers restart in their pods, restarts beyond what the job bears.</summary>
    public bool IsPastBackoffLimit => Failed > _job.Spec.BackoffLimit || IsPastRestartLimit;

    /// <summary>Pods fail faster than they can help: the next one waits, longer each time.</summary>
    /// <returns>The time the next pod may be made; the past where it may be now.</returns>
    public DateTimeOffset NextCreation
    {
        get
        {
            if (_failed.Count == 0)
            {
                return DateTimeOffset.MinValue;
            }

            var backoff = Math.Min(FirstBackoff.TotalSeconds * Math.Pow(2, Math.Min(_failed.Count - 1, 30)), LongestBackoff.TotalSeconds);
            return _failed.Max(EndTime).AddSeconds(backoff);
        }
    }

    private bool IsPastRestartLimit
    {
        get
        {
            if (_job.Spec.Template?.Spec?.RestartPolicy != "OnFailure")
            {
                return false;
            }

            var restarts = Active.Sum(pod => (pod.Status?.InitContainerStatuses ?? []).Concat(pod.Status?.ContainerStatuses ?? []).Sum(one => one.RestartCount));
            return _job.Spec.BackoffLimit == 0 ? restarts > 0 : restarts >= _job.Spec.BackoffLimit;
        }
    }

    private static DateTimeOffset EndTime(Pod pod) => (pod.Status?.ContainerStatuses ?? [])
        .Select(container => container.State?.Terminated?.FinishedAt?.ToDateTimeOffset() ?? DateTimeOffset.MinValue)
        .Append(pod.Metadata.CreationTimestamp.ToDateTimeOffset()).Max();
}

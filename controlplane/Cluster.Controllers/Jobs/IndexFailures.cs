using System.Globalization;
using Cluster.Api.BatchV1;
using Cluster.Api.CoreV1;

namespace Cluster.Controllers.Jobs;

/// <summary>How often each index of a job failed, where each has a limit of its own (backoffLimitPerIndex).</summary>
/// <remarks>
/// The counts go with the pods: each is told how often those before it failed. So the last one that failed of an index is held until there is one that was told of it, or the
/// index needs none any more. An index that has failed for good stands in the status.
/// </remarks>
internal sealed class IndexFailures
{
    public const string Counted = "batch.kubernetes.io/job-index-failure-count";
    public const string Ignored = "batch.kubernetes.io/job-index-ignored-failure-count";

    private readonly Job _job;
    private readonly IReadOnlySet<int> _succeeded;

    // The last pod of each index that failed.
    private readonly Dictionary<int, Pod> _last = [];

    // What the pods of each index were told at most.
    private readonly Dictionary<int, int> _told = [];

    /// <param name="job">The job.</param>
    /// <param name="pods">All pods of it.</param>
    /// <param name="succeeded">Indexes that are done.</param>
    public IndexFailures(Job job, IReadOnlyList<Pod> pods, IReadOnlySet<int> succeeded)
    {
        (_job, _succeeded) = (job, succeeded);
        foreach (var pod in pods)
        {
            if (CompletionIndexes.Of(job, pod) is { } index)
            {
                _told[index] = Math.Max(_told.GetValueOrDefault(index), All(pod));
            }
        }

        var failed = CompletionIndexes.Parse(job.Status.FailedIndexes, job.Spec.Completions);
        // Those that the end of the job takes away say nothing of their indexes.
        foreach (var pod in pods.Where(pod => IsEnding ? pod.Status?.Phase == "Failed" : PodAccounts.HasFailed(job, pod)))
        {
            if (CompletionIndexes.Of(job, pod) is not { } index)
            {
                continue;
            }

            if (!_last.TryGetValue(index, out var other) || All(pod) > All(other))
            {
                _last[index] = pod;
            }

            if (IsLast(pod))
            {
                failed.Add(index);
            }
        }

        Failed = failed;
    }

    public static bool AreCounted(Job job) => CompletionIndexes.AreUsed(job) && job.Spec.HasBackoffLimitPerIndex;

    /// <summary>Indexes that are tried no more.</summary>
    public IReadOnlySet<int> Failed { get; }

    /// <summary>Whether with this pod it would be forgotten how often its index failed.</summary>
    public bool MustStay(Pod pod) =>
        CompletionIndexes.Of(_job, pod) is { } index && _last.TryGetValue(index, out var last) && last.Metadata.Uid == pod.Metadata.Uid
        && _told[index] == All(pod) && !Failed.Contains(index) && !_succeeded.Contains(index) && !IsEnding;

    private bool IsEnding => _job.Metadata.DeletionTimestamp is not null || JobConditions.IsFinished(_job)
        || JobConditions.Has(_job.Status, JobConditions.FailureTarget) || JobConditions.Has(_job.Status, JobConditions.SuccessCriteriaMet);

    /// <summary>When the next pod of an index may be made.</summary>
    public DateTimeOffset NextCreation(int index) =>
        _last.TryGetValue(index, out var pod) ? Backoff.After(All(pod) + 1, [pod]) : DateTimeOffset.MinValue;

    /// <summary>When the next pods may be made of those indexes that have failed and have none now.</summary>
    public IEnumerable<DateTimeOffset> NextCreations(IReadOnlySet<int> taken) => _last.Keys.Where(index => !taken.Contains(index)).Select(NextCreation);

    /// <summary>Tells a new pod how often those before it failed.</summary>
    public void Tell(Pod pod, int index)
    {
        var (counted, ignored) = (0, 0);
        if (_last.TryGetValue(index, out var before))
        {
            var counts = FailurePolicy.Counts(_job, before);
            counted = Number(before, Counted) + (counts ? 1 : 0);
            ignored = Number(before, Ignored) + (counts ? 0 : 1);
        }

        pod.Metadata.Annotations[Counted] = counted.ToString(CultureInfo.InvariantCulture);
        if (ignored > 0)
        {
            pod.Metadata.Annotations[Ignored] = ignored.ToString(CultureInfo.InvariantCulture);
        }
    }

    private bool IsLast(Pod pod) => FailurePolicy.Of(_job, pod)?.Action switch
    {
        FailurePolicy.FailIndex => true,
        FailurePolicy.Ignore => false,
        _ => Number(pod, Counted) >= _job.Spec.BackoffLimitPerIndex,
    };

    private static int All(Pod pod) => Number(pod, Counted) + Number(pod, Ignored);

    private static int Number(Pod pod, string annotation) =>
        pod.Metadata.Annotations.TryGetValue(annotation, out var text) && int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number)
            ? number : 0;
}

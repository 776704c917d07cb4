using Cluster.Api;
using Cluster.Api.BatchV1;
using Cluster.Api.CoreV1;

namespace Cluster.Controllers.Jobs;

/// <summary>What a job's status has counted of its pods, and which of them it is about to count.</summary>
/// <remarks>
/// A pod of a job has a finalizer and cannot vanish before it is counted: its uid is written into the status, then the finalizer is taken away,
/// then the uid becomes one more in the number. Whatever dies in between, each pod is counted once. Of succeeded pods of an indexed job the
/// index is enough. A failed pod that is the last to know how often its index failed stays until another one knows.
/// </remarks>
internal sealed class PodAccounts
{
    public const string Finalizer = "batch.kubernetes.io/job-tracking";

    /// <summary>Uids in a status at once; the others have their turn when these are through.</summary>
    private const int MaxUncounted = 500;

    private readonly Job _job;
    private readonly List<string> _succeeded;
    private readonly List<string> _failed;
    private readonly List<Pod> _counted = [];
    private readonly int _settledSucceeded;
    private readonly int _settledFailed;
    private readonly IndexFailures? _indexes;
    private int _failedStaying;

    /// <param name="job">The job.</param>
    /// <param name="pods">All pods of it.</param>
    /// <param name="indexes">Which of them must stay; null: none.</param>
    public PodAccounts(Job job, IReadOnlyList<Pod> pods, IndexFailures? indexes)
    {
        (_job, _indexes) = (job, indexes);
        var held = pods.Where(IsTracked).ToList();
        var uids = held.Select(pod => pod.Metadata.Uid).ToHashSet(StringComparer.Ordinal);
        var before = job.Status.UncountedTerminatedPods ?? new();
        _succeeded = [.. before.Succeeded.Where(uids.Contains)];
        _failed = [.. before.Failed.Where(uids.Contains)];
        _settledSucceeded = job.Status.Succeeded + before.Succeeded.Count - _succeeded.Count;
        _settledFailed = job.Status.Failed + before.Failed.Count - _failed.Count;
        foreach (var pod in held)
        {
            Note(pod);
        }
    }

    /// <summary>Of a job without indexes.</summary>
    public int Succeeded => _settledSucceeded + _succeeded.Count;

    /// <summary>Failures that count; the pod failure policy may ignore others.</summary>
    public int Failed => _settledFailed + _failed.Count + _failedStaying;

    /// <summary>There are failed pods that are not counted in the status yet, as they must stay.</summary>
    public bool MustSomeStay { get; private set; }

    /// <summary>Pods that may go once the status is written.</summary>
    public IReadOnlyList<Pod> Counted => _counted;

    public static bool IsTracked(Pod pod) => pod.Metadata.Finalizers.Contains(Finalizer);

    /// <summary>One that is being deleted has failed, though it may never come to say so; where replacements wait for the end, at its end.</summary>
    public static bool HasFailed(Job job, Pod pod) =>
        pod.Status?.Phase == "Failed"
        || (IsTracked(pod) && pod.IsTerminating() && pod.Status?.Phase != "Succeeded"
            && (job.Spec.PodReplacementPolicy != "Failed"
                || pod.Metadata is { HasDeletionGracePeriodSeconds: true, DeletionGracePeriodSeconds: 0 }
                || JobConditions.Has(job.Status, JobConditions.FailureTarget)));

    public void WriteTo(JobStatus status)
    {
        status.Succeeded = _settledSucceeded;
        status.Failed = _settledFailed;
        status.UncountedTerminatedPods = new() { Succeeded = { _succeeded }, Failed = { _failed } };
    }

    private void Note(Pod pod)
    {
        var uid = pod.Metadata.Uid;
        if (_succeeded.Contains(uid) || _failed.Contains(uid))
        {
            _counted.Add(pod);
        }
        else if (_indexes?.MustStay(pod) ?? false)
        {
            // Counted when it goes.
            MustSomeStay = true;
            _failedStaying += FailurePolicy.Counts(_job, pod) ? 1 : 0;
        }
        else if (_succeeded.Count + _failed.Count < MaxUncounted && (pod.Status?.Phase == "Succeeded" || HasFailed(_job, pod)))
        {
            _counted.Add(pod);
            if (pod.Status?.Phase != "Succeeded")
            {
                if (FailurePolicy.Counts(_job, pod))
                {
                    _failed.Add(uid);
                }
            }
            else if (!CompletionIndexes.AreUsed(_job))
            {
                _succeeded.Add(uid);
            }
        }
    }
}

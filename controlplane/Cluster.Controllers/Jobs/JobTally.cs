using Cluster.Api;
using Cluster.Api.BatchV1;
using Cluster.Api.CoreV1;

namespace Cluster.Controllers.Jobs;

/// <summary>What a job's pods come to at one moment.</summary>
internal sealed class JobTally
{
    private readonly Job _job;
    private readonly List<Pod> _failed;
    private readonly List<Pod> _terminating;

    public JobTally(Job job, IReadOnlyList<Pod> pods)
    {
        _job = job;
        Active = [.. pods.Where(pod => pod.IsActive())];
        _failed = [.. pods.Where(pod => pod.Status?.Phase == "Failed")];
        _terminating = [.. pods.Where(pod => pod.IsTerminating() && !pod.IsTerminal())];
        var succeeded = pods.Where(pod => pod.Status?.Phase == "Succeeded").ToList();
        SucceededIndexes = CompletionIndexes.AreUsed(job)
            ? [.. CompletionIndexes.Parse(job.Status.CompletedIndexes, job.Spec.Completions), .. succeeded.Select(pod => CompletionIndexes.Of(job, pod)).OfType<int>()]
            : new HashSet<int>();
        Indexes = IndexFailures.AreCounted(job) ? new(job, pods, SucceededIndexes) : null;
        Accounts = new(job, pods, Indexes);
        Succeeded = CompletionIndexes.AreUsed(job) ? SucceededIndexes.Count : Accounts.Succeeded;
    }

    /// <summary>Pods that count: not ended, not being deleted.</summary>
    public IReadOnlyList<Pod> Active { get; }

    /// <summary>Pods on their way out that have not ended yet.</summary>
    public int Terminating => _terminating.Count;

    public int Succeeded { get; }

    public IReadOnlySet<int> SucceededIndexes { get; }

    /// <summary>What of the pods is counted in the status.</summary>
    public PodAccounts Accounts { get; }

    /// <inheritdoc cref="PodAccounts.Failed"/>
    public int Failed => Accounts.Failed;

    /// <summary>Why the failure of one pod is that of the whole job, or null: it is not.</summary>
    public string? FailsJob => _failed.Select(pod => FailurePolicy.Of(_job, pod)).FirstOrDefault(verdict => verdict?.Action == FailurePolicy.FailJob)?.Message;

    /// <summary>The failures of each index, where those are counted.</summary>
    public IndexFailures? Indexes { get; }

    /// <summary>Indexes for which no pod has to be made: done, given up, or at work.</summary>
    public IReadOnlySet<int> TakenIndexes => Busy.Select(pod => CompletionIndexes.Of(_job, pod)).OfType<int>()
        .Concat(SucceededIndexes).Concat(Indexes?.Failed ?? Enumerable.Empty<int>()).ToHashSet();

    /// <summary>How many pods are to be made; negative: so many are too many.</summary>
    public int Missing => WantedActive < Active.Count ? WantedActive - Active.Count : Math.Max(0, WantedActive - Busy.Count());

    public int Ready => Active.Count(pod => pod.IsReady());

    /// <summary>How many pods shall be active; a job of a work queue starts no more after its first success.</summary>
    public int WantedActive => _job.Spec.Suspend ? 0
        : !_job.Spec.HasCompletions ? Succeeded > 0 ? Math.Min(Active.Count, _job.Spec.Parallelism) : _job.Spec.Parallelism
        : Math.Max(0, Math.Min(_job.Spec.Parallelism, _job.Spec.Completions - Succeeded - (Indexes?.Failed.Count ?? 0)));

    public bool IsComplete => _job.Spec.HasCompletions ? Succeeded >= _job.Spec.Completions : Succeeded > 0 && Active.Count == 0;

    /// <summary>Failed pods or, where containers restart in their pods, restarts beyond what the job bears.</summary>
    public bool IsPastBackoffLimit => Failed > _job.Spec.BackoffLimit || IsPastRestartLimit;

    /// <summary>When the next pod may be made, whatever its index; the past where it may be now.</summary>
    public DateTimeOffset NextCreation => Indexes is not null || _failed.Count == 0 ? DateTimeOffset.MinValue : Backoff.After(_failed.Count, _failed);

    /// <summary>Pods that must be gone before others come in their place; one that is only held until there is another is no such pod.</summary>
    private IEnumerable<Pod> Busy => _job.Spec.PodReplacementPolicy == "Failed" ? Active.Concat(_terminating.Where(pod => !PodAccounts.HasFailed(_job, pod))) : Active;

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
}

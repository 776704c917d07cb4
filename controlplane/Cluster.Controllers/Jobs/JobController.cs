using System.Collections.Concurrent;
using System.Globalization;
using Cluster.Api;
using Cluster.Api.BatchV1;
using Cluster.Api.CoreV1;
using Cluster.Api.Selectors;
using Cluster.Client;
using Cluster.Controllers.Framework;
using Cluster.Controllers.Replication;

namespace Cluster.Controllers.Jobs;

/// <summary>Runs pods until enough of them have succeeded, or too many failed.</summary>
/// <remarks>
/// Each pod is counted once, whatever becomes of it: see <see cref="PodAccounts"/>.
/// </remarks>
internal sealed class JobController : IController
{
    /// <summary>Pods made or deleted in one go.</summary>
    private const int Burst = 500;

    private readonly ControllerContext _context;
    private readonly EventRecorder _events;
    private readonly Expectations _expectations;
    private readonly PodWrites _writes;
    private readonly PodTracking _tracking;

    // What was written last of each job: a cache that is behind it must not be acted on, for pods may have been let go of since.
    private readonly ConcurrentDictionary<ObjectKey, (string Uid, long Version)> _written = new();
    private Informer<Job> _jobs = null!;
    private Informer<Pod> _pods = null!;

    public JobController(ControllerContext context)
    {
        _context = context;
        _events = context.Events("job-controller");
        _expectations = new(context.Time);
        _writes = new(context.Client, _events, _expectations);
        _tracking = new(context.Client);
    }

    public string Name => "job";

    public void Watch(ControllerWatches watches)
    {
        _pods = watches.Read<Pod>();
        OwnerIndex.AddTo(_pods);
        _jobs = watches.On<Job>((old, current) =>
        {
            watches.Add(ObjectKey.Of((current ?? old)!));
            foreach (var pod in current is null ? OwnerIndex.OwnedBy(_pods, old!) : [])
            {
                watches.Add(PodTracking.KeyOf(pod));
            }
        });
        _pods.AddHandler(new PodChanges<Job>(Selector, _jobs, _expectations, watches).Handle);
        _pods.AddHandler((_, current) =>
        {
            if (current is not null && PodAccounts.IsTracked(current) && !PodTracking.HasJob(current, _jobs))
            {
                watches.Add(PodTracking.KeyOf(current));
            }
        });
    }

    public async Task<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (PodTracking.IsPod(key, out var podKey))
        {
            await _tracking.LetGoOfOrphanAsync(_pods.Get(podKey), _jobs, cancellationToken);
            return null;
        }

        if (_jobs.Get(key) is not { } cached)
        {
            _expectations.Forget(key);
            _written.TryRemove(key, out _);
            return null;
        }

        if (IsBehind(key, cached) || cached.Spec is not { } spec || IsOfOthers(spec))
        {
            return null;
        }

        if (JobConditions.IsFinished(cached))
        {
            await _tracking.LetGoAsync(OwnerIndex.OwnedBy(_pods, cached), cancellationToken);
            return null;
        }

        var job = cached.Clone();
        var status = job.Status ??= new();
        // Asked before the pods are read: what is seen after the question can only make the picture newer.
        var mayAct = _expectations.AreMet(key) && job.Metadata.DeletionTimestamp is null;
        var tally = new JobTally(job, await _tracking.TrackAsync(await ClaimAsync(job, cancellationToken), cancellationToken));
        NoteStart(job);
        Exception? failure = null;
        if (mayAct)
        {
            failure = JobEnd.Of(job, tally, Deadline(job) <= _context.Now) is { } end
                ? await EndAsync(job, tally, end, cancellationToken)
                : await ScaleAsync(job, tally, cancellationToken);
        }
        else
        {
            JobEnd.Foretell(job, tally, _context.Now);
        }

        Count(job, tally);
        if (!Same.Meaning(cached.Status, status))
        {
            var written = await _context.Client.UpdateStatusAsync(job, cancellationToken);
            _written[key] = (written.Metadata.Uid, VersionOf(written));
        }

        await _tracking.LetGoAsync(tally.Accounts.Counted, cancellationToken);
        return failure is not null ? throw failure : Sooner.Of(NextLook(job, tally), _expectations.UntilLost(key));
    }

    private static LabelSelector Selector(Job job) => LabelSelector.From(job.Spec.Selector);

    private bool IsBehind(ObjectKey key, Job cached) =>
        _written.TryGetValue(key, out var written) && written.Uid == cached.Metadata.Uid && VersionOf(cached) < written.Version;

    // Resource versions of one object grow.
    private static long VersionOf(Job job) => long.TryParse(job.Metadata.ResourceVersion, NumberStyles.None, CultureInfo.InvariantCulture, out var version) ? version : 0;

    private static bool IsOfOthers(JobSpec spec) => spec.ManagedBy is { Length: > 0 } manager && manager != "kubernetes.io/job-controller";

    private Task<List<Pod>> ClaimAsync(Job job, CancellationToken cancellationToken) =>
        new ControllerRefs<Job, Pod>(_context.Client, job, Selector(job)).ClaimAsync(
            OwnerIndex.OwnedBy(_pods, job), OwnerIndex.OrphansIn(_pods, job.Metadata.Namespace), _ => true, cancellationToken);

    /// <summary>A job's time runs while it is not suspended; suspending starts it anew.</summary>
    private void NoteStart(Job job)
    {
        var now = _context.Now;
        if (job.Spec.Suspend)
        {
            if (JobConditions.Set(job.Status, JobConditions.Suspended, true, "JobSuspended", "Job suspended", now))
            {
                job.Status.StartTime = null;
                _events.Record(job, "Normal", "Suspended", "Job suspended");
            }

            return;
        }

        if (JobConditions.Get(job.Status, JobConditions.Suspended) is not null
            && JobConditions.Set(job.Status, JobConditions.Suspended, false, "JobResumed", "Job resumed", now))
        {
            job.Status.StartTime = now.ToTime();
            _events.Record(job, "Normal", "Resumed", "Job resumed");
        }

        job.Status.StartTime ??= now.ToTime();
    }

    private static DateTimeOffset? Deadline(Job job) =>
        job.Spec.HasActiveDeadlineSeconds && job.Status.StartTime?.ToDateTimeOffset() is { } start
            // The deadline may be larger than all the time there will be.
            ? start.AddSeconds(Math.Min(job.Spec.ActiveDeadlineSeconds, Math.Floor((DateTimeOffset.MaxValue - start).TotalSeconds))) : null;

    /// <summary>What still runs is taken away; when all of it is gone, the job has ended.</summary>
    private async Task<Exception?> EndAsync(Job job, JobTally tally, JobEnd end, CancellationToken cancellationToken)
    {
        JobConditions.Set(job.Status, end.Interim, true, end.Reason, end.Message, _context.Now);
        if (tally.Active.Count > 0 || tally.Terminating > 0 || tally.Accounts.Counted.Count > 0 || tally.Accounts.MustSomeStay)
        {
            // Those that the end of a failed job takes away failed with it.
            return await _writes.DeleteAsync(job, end.IsSuccess ? await _tracking.LetGoAsync(tally.Active, cancellationToken) : tally.Active, cancellationToken);
        }

        JobConditions.Set(job.Status, end.Terminal, true, end.Reason, end.Message, _context.Now);
        if (end.IsSuccess)
        {
            job.Status.CompletionTime = _context.Now.ToTime();
        }

        _events.Record(job, end.IsSuccess ? "Normal" : "Warning", end.IsSuccess ? "Completed" : end.Reason, end.IsSuccess ? "Job completed" : end.Message);
        return null;
    }

    private async Task<Exception?> ScaleAsync(Job job, JobTally tally, CancellationToken cancellationToken)
    {
        if (tally.Missing < 0)
        {
            // Those that have come least far go first.
            var order = new DeletionOrder(tally.Active, _context.Now);
            var victims = tally.Active.Order(order).Take(Math.Min(-tally.Missing, Burst));
            return await _writes.DeleteAsync(job, await _tracking.LetGoAsync(victims, cancellationToken), cancellationToken);
        }

        return tally.Missing > 0 && tally.NextCreation <= _context.Now
            ? await _writes.CreateAsync(job, Make(job, tally, Math.Min(tally.Missing, Burst)), cancellationToken)
            : null;
    }

    private List<Pod> Make(Job job, JobTally tally, int count)
    {
        if (!CompletionIndexes.AreUsed(job))
        {
            return [.. Enumerable.Range(0, count).Select(_ => PodTracking.Make(job))];
        }

        var now = _context.Now;
        return [.. FreeIndexes(job, tally).Where(index => !(tally.Indexes?.NextCreation(index) > now)).Take(count).Select(index => MakeOf(job, tally, index))];
    }

    private static Pod MakeOf(Job job, JobTally tally, int index)
    {
        var pod = PodTracking.Make(job);
        CompletionIndexes.Give(job, pod, index);
        tally.Indexes?.Tell(pod, index);
        return pod;
    }

    private static IEnumerable<int> FreeIndexes(Job job, JobTally tally)
    {
        var taken = tally.TakenIndexes;
        return Enumerable.Range(0, job.Spec.Completions).Where(index => !taken.Contains(index));
    }

    private static void Count(Job job, JobTally tally)
    {
        var status = job.Status;
        var isEnding = JobConditions.Has(status, JobConditions.FailureTarget) || JobConditions.Has(status, JobConditions.SuccessCriteriaMet);
        status.Active = isEnding ? 0 : tally.Active.Count;
        status.Ready = isEnding ? 0 : tally.Ready;
        status.Terminating = tally.Terminating + (isEnding ? tally.Active.Count : 0);
        tally.Accounts.WriteTo(status);
        if (CompletionIndexes.AreUsed(job))
        {
            status.Succeeded = tally.Succeeded;
        }

        status.CompletedIndexes = CompletionIndexes.Text(tally.SucceededIndexes);
        if (tally.Indexes is { } indexes)
        {
            status.FailedIndexes = CompletionIndexes.Text(indexes.Failed);
        }
    }

    /// <summary>Time alone brings the deadline and the end of a back-off.</summary>
    private TimeSpan? NextLook(Job job, JobTally tally)
    {
        if (JobConditions.IsFinished(job))
        {
            return null;
        }

        var now = _context.Now;
        var next = Deadline(job);
        if (tally.Missing > 0 && NextCreation(tally, now) is { } creation && !(next < creation))
        {
            next = creation;
        }

        return next is { } at ? at > now ? at - now : TimeSpan.FromSeconds(1) : null;
    }

    private static DateTimeOffset? NextCreation(JobTally tally, DateTimeOffset now)
    {
        if (tally.Indexes is not { } indexes)
        {
            return tally.NextCreation > now ? tally.NextCreation : null;
        }

        var waiting = indexes.NextCreations(tally.TakenIndexes).Where(time => time > now).ToList();
        return waiting.Count > 0 ? waiting.Min() : null;
    }
}

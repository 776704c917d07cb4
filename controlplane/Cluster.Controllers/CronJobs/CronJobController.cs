using Cluster.Api;
using Cluster.Api.BatchV1;
using Cluster.Api.Schedules;
using Cluster.Client;
using Cluster.Controllers.Framework;

namespace Cluster.Controllers.CronJobs;

/// <summary>Makes jobs at the times of a schedule, and clears old ones away.</summary>
/// <remarks>
/// A job is named by its CronJob and the minute it was due, so that the same one is never made twice, whatever this controller forgot.
/// Schedules without a time zone speak of this process's.
/// </remarks>
internal sealed class CronJobController : IController
{
    /// <summary>A look a little late sees the time that has come, one too early would see nothing.</summary>
    private static readonly TimeSpan Slack = TimeSpan.FromMilliseconds(100);

    /// <summary>Timers reach no further than some weeks, and the clock may be set meanwhile.</summary>
    private static readonly TimeSpan LongestRest = TimeSpan.FromDays(1);

    private readonly ControllerContext _context;
    private readonly EventRecorder _events;
    private readonly ActiveJobs _active;
    private readonly CronJobWrites _writes;
    private Informer<CronJob> _crons = null!;
    private Informer<Job> _jobs = null!;

    public CronJobController(ControllerContext context)
    {
        _context = context;
        _events = context.Events("cronjob-controller");
        _active = new(context.Client, _events);
        _writes = new(context.Client, _events);
    }

    public string Name => "cronjob";

    public void Watch(ControllerWatches watches)
    {
        _crons = watches.Own<CronJob>();
        _jobs = watches.On<Job>((old, current) =>
        {
            foreach (var job in new[] { old, current })
            {
                if (job is not null && OwnerReferences.ControllerOf(job) is { Kind: "CronJob" } owner)
                {
                    watches.Add(new ObjectKey(job.Metadata.Namespace, owner.Name));
                }
            }
        });
        OwnerIndex.AddTo(_jobs);
    }

    public async Task<TimeSpan?> ReconcileAsync(ObjectKey key, CancellationToken cancellationToken)
    {
        if (_crons.Get(key) is not { Spec: not null } cached)
        {
            return null;
        }

        var cron = cached.Clone();
        cron.Status ??= new();
        var jobs = OwnerIndex.OwnedBy(_jobs, cron);
        cron = await _active.FollowAsync(cron, jobs, cancellationToken);
        try
        {
            // First, for a job that a quota refuses may have room then.
            await _writes.ClearHistoryAsync(cron, jobs, cancellationToken);
            return await StartAsync(cron, cancellationToken);
        }
        finally
        {
            // What was seen and done holds though something was refused.
            if (!Same.Meaning(cached.Status, cron.Status))
            {
                await _context.Client.UpdateStatusAsync(cron, cancellationToken);
            }
        }
    }

    /// <summary>Makes the job that is due, if one is.</summary>
    /// <returns>When to look again.</returns>
    private async Task<TimeSpan?> StartAsync(CronJob cron, CancellationToken cancellationToken)
    {
        if (cron.Metadata.DeletionTimestamp is not null || cron.Spec.Suspend || Schedule(cron) is not { } schedule || Zone(cron) is not { } zone)
        {
            return null;
        }

        var times = new StartTimes(cron, schedule, zone, _context.Now);
        if (times.AreTooMany)
        {
            _events.Record(cron, "Warning", "TooManyMissedTimes", "too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew");
        }

        if (times.Due is { } due && MayStart(cron, due))
        {
            await ReplaceAsync(cron, cancellationToken);
            if (await _writes.CreateAsync(cron, due, zone, cancellationToken) is { } job)
            {
                cron.Status.Active.Add(ObjectReferences.To(job));
                cron.Status.LastScheduleTime = due.ToTime();
            }
        }

        return times.Next is { } next ? Rest(next - _context.Now + Slack) : null;
    }

    private static TimeSpan Rest(TimeSpan rest) => rest < LongestRest ? rest : LongestRest;

    /// <summary>Whether a time within its deadline makes a job.</summary>
    private bool MayStart(CronJob cron, DateTimeOffset due)
    {
        if (cron.Status.LastScheduleTime?.ToDateTimeOffset() == due || cron.Status.Active.Any(job => job.Name == CronJobWrites.JobName(cron, due)))
        {
            return false;
        }

        if (cron.Spec.ConcurrencyPolicy == "Forbid" && cron.Status.Active.Count > 0)
        {
            _events.Record(cron, "Normal", "JobAlreadyActive", "Not starting job because prior execution is running and concurrency policy is Forbid");
            return false;
        }

        return true;
    }

    private async Task ReplaceAsync(CronJob cron, CancellationToken cancellationToken)
    {
        if (cron.Spec.ConcurrencyPolicy != "Replace")
        {
            return;
        }

        foreach (var job in cron.Status.Active.ToList())
        {
            await _writes.DeleteAsync(cron, job.Name, job.Uid, cancellationToken);
        }
    }

    private CronSchedule? Schedule(CronJob cron)
    {
        try
        {
            return CronSchedule.Parse(cron.Spec.Schedule);
        }
        catch (FormatException e)
        {
            _events.Record(cron, "Warning", "UnparseableSchedule", $"unparseable schedule: \"{cron.Spec.Schedule}\" : {e.Message}");
            return null;
        }
    }

    private TimeZoneInfo? Zone(CronJob cron)
    {
        if (!cron.Spec.HasTimeZone)
        {
            return _context.Time.LocalTimeZone;
        }

        if (TimeZoneInfo.TryFindSystemTimeZoneById(cron.Spec.TimeZone, out var zone))
        {
            return zone;
        }

        _events.Record(cron, "Warning", "UnknownTimeZone", $"invalid timeZone: \"{cron.Spec.TimeZone}\": unknown time zone {cron.Spec.TimeZone}");
        return null;
    }
}

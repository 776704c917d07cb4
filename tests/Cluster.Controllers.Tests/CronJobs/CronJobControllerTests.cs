using System.Globalization;
using Cluster.Api;
using Cluster.Api.BatchV1;
using Cluster.Controllers.Tests.Framework;

namespace Cluster.Controllers.Tests.CronJobs;

/// <summary>CronJobs over a clock of the test's: it begins on a full hour.</summary>
public sealed class CronJobControllerTests : IAsyncLifetime
{
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);

    private readonly ControllerRig _rig = new() { Tick = TimeSpan.FromSeconds(1) };

    private IReadOnlyList<Job> Jobs => _rig.Api.All<Job>();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task ReconcileAsync_TimeComes_MakesAJobOfTheTemplate()
    {
        var cron = _rig.Api.Seed(Every("*/2 * * * *"));
        var start = _rig.Time.GetUtcNow();
        _rig.Start("cronjob");
        await _rig.PassAsync(Minute);
        Assert.Empty(Jobs);

        await _rig.UntilAsync(() => Status().Active.Count == 1);

        var job = Assert.Single(Jobs);
        var due = start.AddMinutes(2);
        Assert.Equal($"tick-{due.ToUnixTimeSeconds() / 60}", job.Metadata.Name);
        Assert.Equal(("yes", "kept"), (job.Metadata.Labels["mine"], job.Metadata.Annotations["note"]));
        Assert.Equal($"{due:yyyy-MM-ddTHH:mm:ssZ}", job.Metadata.Annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"]);
        var owner = Assert.Single(job.Metadata.OwnerReferences);
        Assert.Equal((cron.Metadata.Uid, "batch/v1", "CronJob", true, true), (owner.Uid, owner.ApiVersion, owner.Kind, owner.Controller, owner.BlockOwnerDeletion));
        Assert.Equal((job.Metadata.Uid, "Job", "batch/v1"), (Status().Active[0].Uid, Status().Active[0].Kind, Status().Active[0].ApiVersion));
        Assert.Equal(due, Status().LastScheduleTime.ToDateTimeOffset());
        await _rig.UntilAsync(() => _rig.Events.Contains($"SuccessfulCreate: Created job {job.Metadata.Name}"));
    }

    [Fact]
    public async Task ReconcileAsync_JobEnds_TakesItFromTheActiveAndKeepsTheTimeOfSuccess()
    {
        _rig.Api.Seed(Every("* * * * *"));
        _rig.Start("cronjob");
        await _rig.UntilAsync(() => Status().Active.Count == 1);
        var job = Jobs[0];

        End(job, "Complete");
        var ended = _rig.Time.GetUtcNow();
        await _rig.UntilAsync(() => Status().Active.Count == 0);

        Assert.Equal(ended.ToTime(), Status().LastSuccessfulTime);
        await _rig.UntilAsync(() => _rig.Events.Contains($"SawCompletedJob: Saw completed job: {job.Metadata.Name}, condition: Complete"));
    }

    [Theory]
    [InlineData("Allow", 2)]
    [InlineData("Forbid", 1)]
    [InlineData("Replace", 1)]
    public async Task ReconcileAsync_JobOutlivesItsTime_FollowsThePolicy(string policy, int running)
    {
        var cron = Every("* * * * *");
        cron.Spec.ConcurrencyPolicy = policy;
        _rig.Api.Seed(cron);
        _rig.Start("cronjob");
        await _rig.UntilAsync(() => Status().Active.Count == 1);
        var first = Jobs[0].Metadata.Name;
        await _rig.UntilAsync(() => policy switch
        {
            "Forbid" => _rig.Events.Contains("JobAlreadyActive: Not starting job because prior execution is running and concurrency policy is Forbid"),
            "Replace" => _rig.Events.Contains($"SuccessfulDelete: Deleted job {first}") && Status().Active.All(one => one.Name != first),
            _ => Status().Active.Count == 2,
        });

        Assert.Equal(running, Status().Active.Count);
        Assert.Equal(policy != "Replace", Status().Active.Any(one => one.Name == first));
    }

    [Fact]
    public async Task ReconcileAsync_ForbiddenTime_IsMadeUpForWhenTheJobEnds()
    {
        var cron = Every("* * * * *");
        cron.Spec.ConcurrencyPolicy = "Forbid";
        _rig.Api.Seed(cron);
        _rig.Start("cronjob");
        await _rig.UntilAsync(() => Status().Active.Count == 1);
        await _rig.PassAsync(Minute + TimeSpan.FromSeconds(5));
        var first = Jobs.Single();

        End(first, "Failed");
        await _rig.UntilAsync(() => Status().Active.Count == 1 && Status().Active[0].Name != first.Metadata.Name);
    }

    [Fact]
    public async Task ReconcileAsync_Suspended_StartsNothingUntilItIsNot()
    {
        var cron = Every("* * * * *");
        cron.Spec.Suspend = true;
        _rig.Api.Seed(cron);
        _rig.Start("cronjob");
        await _rig.PassAsync(2 * Minute);
        Assert.Empty(Jobs);

        _rig.Api.Change<CronJob>("default", "tick", one => one.Spec.Suspend = false);
        await _rig.UntilAsync(() => Jobs.Count == 1);
        await _rig.SettleAsync();
        // Of the times that passed the last one counts.
        Assert.Single(Jobs);
    }

    [Fact]
    public async Task ReconcileAsync_TooLate_MissesTheTime()
    {
        var cron = Every("0 * * * *");
        cron.Spec.StartingDeadlineSeconds = 10;
        cron.Spec.Suspend = true;
        var seeded = _rig.Api.Seed(cron);
        _rig.Api.Change<CronJob>("default", "tick", one => one.Metadata.CreationTimestamp = seeded.Metadata.CreationTimestamp.ToDateTimeOffset().AddHours(-2).ToTime());
        _rig.Time.Advance(TimeSpan.FromSeconds(30));
        _rig.Api.Change<CronJob>("default", "tick", one => one.Spec.Suspend = false);
        _rig.Start("cronjob");
        await _rig.PassAsync(TimeSpan.FromSeconds(20));

        Assert.Empty(Jobs);
    }

    [Fact]
    public async Task ReconcileAsync_ManyTimesMissed_TellsAndStartsTheLast()
    {
        var cron = _rig.Api.Seed(Every("* * * * *"));
        _rig.Api.Change<CronJob>("default", "tick", one => one.Metadata.CreationTimestamp = cron.Metadata.CreationTimestamp.ToDateTimeOffset().AddDays(-400).ToTime());
        var now = _rig.Time.GetUtcNow();
        _rig.Start("cronjob");

        await _rig.UntilAsync(() => Status().Active.Count == 1);
        Assert.Equal($"tick-{now.ToUnixTimeSeconds() / 60}", Jobs[0].Metadata.Name);
        await _rig.UntilAsync(() => _rig.Events.Contains(
            "TooManyMissedTimes: too many missed start times. Set or decrease .spec.startingDeadlineSeconds or check clock skew"));
    }

    [Fact]
    public async Task ReconcileAsync_TimeZone_IsThatOfTheSchedule()
    {
        var start = _rig.Time.GetUtcNow();
        var zone = TimeZoneInfo.FindSystemTimeZoneById("Asia/Kolkata");
        var local = TimeZoneInfo.ConvertTime(start.AddMinutes(2), zone);
        var cron = Every($"{local.Minute} {local.Hour} * * *");
        cron.Spec.TimeZone = "Asia/Kolkata";
        _rig.Api.Seed(cron);
        _rig.Start("cronjob");

        await _rig.UntilAsync(() => Status().Active.Count == 1);
        Assert.Equal(start.AddMinutes(2), Status().LastScheduleTime.ToDateTimeOffset());
        Assert.EndsWith("+05:30", Jobs[0].Metadata.Annotations["batch.kubernetes.io/cronjob-scheduled-timestamp"], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("when I like", null, "UnparseableSchedule: unparseable schedule: \"when I like\" : expected exactly 5 fields, found 3: [when I like]")]
    [InlineData("* * * * *", "Moon/Crater", "UnknownTimeZone: invalid timeZone: \"Moon/Crater\": unknown time zone Moon/Crater")]
    public async Task ReconcileAsync_ScheduleThatCannotBeRead_IsTold(string schedule, string? zone, string told)
    {
        var cron = Every(schedule);
        if (zone is not null)
        {
            cron.Spec.TimeZone = zone;
        }

        _rig.Api.Seed(cron);
        _rig.Start("cronjob");

        await _rig.UntilAsync(() => _rig.Events.Contains(told));
        Assert.Empty(Jobs);
    }

    [Fact]
    public async Task ReconcileAsync_Every_KeepsItsBeat()
    {
        var start = _rig.Api.Seed(Every("@every 90s")).Metadata.CreationTimestamp.ToDateTimeOffset();
        _rig.Start("cronjob");
        await _rig.UntilAsync(() => Status().Active.Count == 1);
        Assert.Equal(start.AddSeconds(90), Status().LastScheduleTime.ToDateTimeOffset());
        await _rig.UntilAsync(() => Status().Active.Count == 2);
        Assert.Equal(start.AddSeconds(180), Status().LastScheduleTime.ToDateTimeOffset());
    }

    [Fact]
    public async Task ReconcileAsync_History_KeepsTheLatestOfEachEnd()
    {
        var cron = Every("* * * * *");
        (cron.Spec.SuccessfulJobsHistoryLimit, cron.Spec.FailedJobsHistoryLimit) = (1, 0);
        _rig.Api.Seed(cron);
        _rig.Start("cronjob");
        foreach (var end in new[] { "Complete", "Failed", "Complete" })
        {
            await _rig.UntilAsync(() => Status().Active.Count == 1);
            End(Jobs.Single(job => job.Metadata.Uid == Status().Active[0].Uid), end);
            await _rig.UntilAsync(() => Status().Active.Count == 0);
        }

        var latest = Status().LastScheduleTime.ToDateTimeOffset().ToUnixTimeSeconds() / 60;
        await _rig.UntilAsync(() => Jobs.Count(job => job.Metadata.DeletionTimestamp is null) == 1);
        Assert.Equal($"tick-{latest}", Jobs.Single(job => job.Metadata.DeletionTimestamp is null).Metadata.Name);
    }

    [Fact]
    public async Task ReconcileAsync_JobIsRefused_ClearsTheHistoryAndTellsOfTheEndAllTheSame()
    {
        _rig.Api.Seed(Every("* * * * *"));
        _rig.Start("cronjob");
        await _rig.UntilAsync(() => Status().Active.Count == 1);
        _rig.Api.Fault = request => request is { Verb: "create", Type.Kind: "Job" } ? StatusErrors.Forbidden(request.Type, "", "exceeded quota: few") : null;

        End(Jobs[0], "Complete");
        await _rig.UntilAsync(() => _rig.Events.Any(e => e.StartsWith("FailedCreate: Error creating job:", StringComparison.Ordinal)));
        await _rig.UntilAsync(() => Status() is { Active.Count: 0, LastSuccessfulTime: not null });
        Assert.Single(Jobs);

        _rig.Api.Change<CronJob>("default", "tick", one => one.Spec.SuccessfulJobsHistoryLimit = 0);
        await _rig.UntilAsync(() => Jobs.Count == 0);
    }

    [Fact]
    public async Task ReconcileAsync_StatusIsLost_FindsTheJobAgainAndMakesNoSecond()
    {
        _rig.Api.Seed(Every("* * * * *"));
        _rig.Start("cronjob");
        await _rig.UntilAsync(() => Status().Active.Count == 1);
        var job = Jobs[0];

        _rig.Api.Change<CronJob>("default", "tick", one => one.Status = new());
        await _rig.UntilAsync(() => Status().Active.Count == 1);

        Assert.Equal(job.Metadata.Uid, Status().Active[0].Uid);
        Assert.Single(Jobs);
        await _rig.UntilAsync(() => _rig.Events.Contains($"UnexpectedJob: Saw a job that the controller did not create or forgot: {job.Metadata.Name}"));
    }

    [Fact]
    public async Task ReconcileAsync_ActiveJobIsDeleted_IsMissing()
    {
        _rig.Api.Seed(Every("* * * * *"));
        _rig.Start("cronjob");
        await _rig.UntilAsync(() => Status().Active.Count == 1);
        var job = Jobs[0];

        _rig.Api.Remove<Job>("default", job.Metadata.Name);

        await _rig.UntilAsync(() => Status().Active.All(one => one.Uid != job.Metadata.Uid));
        await _rig.UntilAsync(() => _rig.Events.Contains($"MissingJob: Active job went missing: {job.Metadata.Name}"));
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task ReconcileAsync_EverythingFailsAtRandom_MakesEachJobOnce(int seed)
    {
        var trouble = new Trouble(_rig, seed);
        _rig.Api.Seed(Every("* * * * *"));
        _rig.Start("cronjob");
        await _rig.PassAsync(TimeSpan.FromSeconds(150), trouble.Step);
        trouble.End();
        await _rig.UntilAsync(() => Status().Active.Count == 4);

        // One of each minute, and none that the status does not know.
        var minutes = Jobs.Select(job => long.Parse(job.Metadata.Name["tick-".Length..], CultureInfo.InvariantCulture)).Order().ToList();
        Assert.Equal(Enumerable.Range(0, minutes.Count).Select(i => minutes[0] + i), minutes);
        Assert.Equal(Jobs.Select(job => job.Metadata.Uid).Order(), Status().Active.Select(one => one.Uid).Order());
    }

    private static CronJob Every(string schedule) => new()
    {
        Metadata = new() { Namespace = "default", Name = "tick" },
        Spec = new()
        {
            Schedule = schedule,
            ConcurrencyPolicy = "Allow",
            SuccessfulJobsHistoryLimit = 3,
            FailedJobsHistoryLimit = 1,
            JobTemplate = new()
            {
                Metadata = new() { Labels = { ["mine"] = "yes" }, Annotations = { ["note"] = "kept" } },
                Spec = new() { Template = Make.Template() },
            },
        },
    };

    private CronJobStatus Status() => _rig.Api.Find<CronJob>("default", "tick")!.Status ?? new();

    private void End(Job job, string condition) => _rig.Api.Change<Job>("default", job.Metadata.Name, one =>
    {
        one.Status ??= new();
        one.Status.Conditions.Add(new JobCondition { Type = condition, Status = "True", LastTransitionTime = _rig.Time.GetUtcNow().ToTime() });
        if (condition == "Complete")
        {
            one.Status.CompletionTime = _rig.Time.GetUtcNow().ToTime();
        }
    });
}

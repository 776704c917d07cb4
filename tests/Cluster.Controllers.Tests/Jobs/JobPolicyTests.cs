using Cluster.Api;
using Cluster.Api.BatchV1;
using Cluster.Api.CoreV1;
using Cluster.Controllers.Jobs;
using Cluster.Controllers.Tests.Framework;

namespace Cluster.Controllers.Tests.Jobs;

/// <summary>What a job makes of failures and successes by its policies.</summary>
public sealed class JobPolicyTests : IAsyncLifetime
{
    private readonly ControllerRig _rig = new() { Tick = TimeSpan.FromMilliseconds(500) };

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task FailJob_OnAnExitCode_EndsTheJobAtOnce()
    {
        var job = Work(parallelism: 2, completions: 2);
        job.Spec.PodFailurePolicy = new() { Rules = { new PodFailurePolicyRule { Action = "Ignore", OnExitCodes = Codes("In", 9) }, new PodFailurePolicyRule { Action = "FailJob", OnExitCodes = Codes("In", 42, 43) } } };
        _rig.Api.Seed(job);
        _rig.Start("job");
        await _rig.UntilAsync(() => Status() is { Active: 2, Ready: 2 });
        var failed = _rig.Pods[0];

        Fail(failed, exitCode: 42);
        await _rig.UntilAsync(() => Has("Failed"));

        var condition = Condition("Failed");
        Assert.Equal("PodFailurePolicy", condition.Reason);
        Assert.Equal($"Container main for pod default/{failed.Metadata.Name} failed with exit code 42 matching FailJob rule at index 1", condition.Message);
        Assert.Equal(("PodFailurePolicy", condition.Message), (Condition("FailureTarget").Reason, Condition("FailureTarget").Message));
        Assert.Equal((0, 0, 2), (Status().Active, Status().Terminating, Status().Failed));
        Assert.Single(_rig.Pods);
        await _rig.UntilAsync(() => _rig.Events.Any(e => e.StartsWith("PodFailurePolicy: Container main", StringComparison.Ordinal)));
    }

    [Theory]
    [InlineData("In", 42, null, true)]
    [InlineData("In", 41, null, false)]
    [InlineData("NotIn", 41, null, true)]
    [InlineData("NotIn", 42, null, false)]
    [InlineData("In", 42, "main", true)]
    [InlineData("In", 42, "other", false)]
    public async Task OnExitCodes_AreOfTheContainerAndTheValues(string operation, int value, string? container, bool matches)
    {
        var job = Work(backoffLimit: 0);
        var codes = Codes(operation, value);
        if (container is not null)
        {
            codes.ContainerName = container;
        }

        job.Spec.PodFailurePolicy = new() { Rules = { new PodFailurePolicyRule { Action = "FailJob", OnExitCodes = codes } } };
        _rig.Api.Seed(job);
        _rig.Start("job");
        await _rig.UntilAsync(() => Status() is { Ready: 1 });

        Fail(_rig.Pods[0], exitCode: 42);
        await _rig.UntilAsync(() => Has("Failed"));

        Assert.Equal(matches ? "PodFailurePolicy" : "BackoffLimitExceeded", Condition("Failed").Reason);
    }

    [Fact]
    public async Task Ignore_OnADisruption_CountsNoFailure()
    {
        var job = Work(backoffLimit: 0);
        job.Spec.PodFailurePolicy = new()
        {
            Rules = { new PodFailurePolicyRule { Action = "Ignore", OnPodConditions = { new PodFailurePolicyOnPodConditionsPattern { Type = "DisruptionTarget", Status = "True" } } } },
        };
        _rig.Api.Seed(job);
        _rig.Start("job");
        await _rig.UntilAsync(() => Status() is { Ready: 1 });

        Fail(_rig.Pods[0], exitCode: 137, disrupted: true);
        await _rig.UntilAsync(() => _rig.Pods.Count == 2 && Status() is { Ready: 1 });
        Assert.Equal(0, Status().Failed);

        Fail(_rig.Pods.Single(pod => pod.IsActive()), exitCode: 137);
        await _rig.UntilAsync(() => Has("Failed"));
        Assert.Equal(("BackoffLimitExceeded", 1), (Condition("Failed").Reason, Status().Failed));
    }

    [Fact]
    public async Task BackoffLimitPerIndex_GivesUpAnIndexAndRunsTheOthers()
    {
        var job = Indexed(completions: 3, perIndex: 1);
        _rig.Api.Seed(job);
        _rig.Start("job");
        await _rig.UntilAsync(() => Status() is { Ready: 3 });
        Fail(PodOf(0), exitCode: 1);
        await _rig.UntilAsync(() => Status() is { Active: 3, Failed: 1 });
        Assert.Equal("1", PodOf(0).Metadata.Annotations["batch.kubernetes.io/job-index-failure-count"]);
        Assert.Equal("0", PodOf(1).Metadata.Annotations["batch.kubernetes.io/job-index-failure-count"]);
        Assert.Equal("", Status().FailedIndexes);

        Fail(PodOf(0), exitCode: 1);
        await _rig.UntilAsync(() => Status() is { Active: 2, FailedIndexes: "0" });
        await _rig.PassAsync(TimeSpan.FromSeconds(60));
        Assert.Equal((2, false), (Status().Active, Has("FailureTarget")));

        Succeed(PodOf(1));
        Succeed(PodOf(2));
        await _rig.UntilAsync(() => Has("Failed"));
        Assert.Equal(("FailedIndexes", "Job has failed indexes"), (Condition("Failed").Reason, Condition("Failed").Message));
        Assert.Equal(("0", "1,2", 2), (Status().FailedIndexes, Status().CompletedIndexes, Status().Failed));
    }

    /// <summary>A drain, a node that is deleted, or a user takes it away while its successor waits.</summary>
    [Fact]
    public async Task BackoffLimitPerIndex_FailedPodThatIsTakenAwayBeforeItsSuccessorIsMade_Counts()
    {
        _rig.Api.Seed(Indexed(completions: 1, perIndex: 1));
        _rig.Start("job");
        await _rig.UntilAsync(() => Status() is { Ready: 1 });
        Fail(PodOf(0), exitCode: 1);
        await _rig.UntilAsync(() => Status() is { Active: 0 });
        await _rig.Api.DeleteAsync<Pod>("default", _rig.Pods.Single().Metadata.Name, null, TestContext.Current.CancellationToken);

        await _rig.UntilAsync(() => Status() is { Active: 1, Failed: 1 });
        Assert.Equal("1", Assert.Single(_rig.Pods).Metadata.Annotations["batch.kubernetes.io/job-index-failure-count"]);
        Fail(PodOf(0), exitCode: 1);
        await _rig.UntilAsync(() => Has("Failed"));
        Assert.Equal(("0", 2), (Status().FailedIndexes, Status().Failed));
        Assert.DoesNotContain(_rig.Pods, PodAccounts.IsTracked);
    }

    [Fact]
    public async Task BackoffLimitPerIndex_PodThatIsDeletedAsItRuns_CountsForItsIndex()
    {
        _rig.Api.Seed(Indexed(completions: 1, perIndex: 1));
        _rig.Start("job");
        await _rig.UntilAsync(() => Status() is { Ready: 1 });
        await _rig.Api.DeleteAsync<Pod>("default", PodOf(0).Metadata.Name, null, TestContext.Current.CancellationToken);

        await _rig.UntilAsync(() => Status() is { Active: 1, Failed: 1 });
        Assert.Equal("1", PodOf(0).Metadata.Annotations["batch.kubernetes.io/job-index-failure-count"]);
    }

    /// <summary>The one that stays holds up neither the end of the job nor its number of failures.</summary>
    [Fact]
    public async Task BackoffLimitPerIndex_JobThatEndsWhileAnIndexWaits_CountsItAndLetsGo()
    {
        var job = Indexed(completions: 2, perIndex: 5);
        job.Spec.ActiveDeadlineSeconds = 5;
        _rig.Api.Seed(job);
        _rig.Start("job");
        await _rig.UntilAsync(() => Status() is { Ready: 2 });
        Fail(PodOf(0), exitCode: 1);

        await _rig.UntilAsync(() => Has("Failed"));
        Assert.Equal(("DeadlineExceeded", 2), (Condition("Failed").Reason, Status().Failed));
        await _rig.SettleAsync();
        Assert.DoesNotContain(_rig.Pods, PodAccounts.IsTracked);
    }

    [Fact]
    public async Task BackoffLimitPerIndex_JobThatIsDeleted_HoldsNoPod()
    {
        var job = Indexed(completions: 1, perIndex: 5);
        job.Metadata.Finalizers.Add("foregroundDeletion");
        _rig.Api.Seed(job);
        _rig.Start("job");
        await _rig.UntilAsync(() => Status() is { Ready: 1 });
        Fail(PodOf(0), exitCode: 1);
        await _rig.UntilAsync(() => Status() is { Active: 0 });
        Assert.True(PodAccounts.IsTracked(_rig.Pods.Single()));

        await _rig.Api.DeleteAsync<Job>("default", "work", null, TestContext.Current.CancellationToken);
        await _rig.UntilAsync(() => !_rig.Pods.Any(PodAccounts.IsTracked));
    }

    /// <summary>Expectations keep the controller from acting, and the pod is let go of all the same.</summary>
    [Fact]
    public void Foretell_OfAPodThatFailsItsJob_IsInTheStatusBeforeThePodGoes()
    {
        var job = Work();
        job.Metadata.Uid = "u";
        job.Status = new();
        job.Spec.PodFailurePolicy = new() { Rules = { new PodFailurePolicyRule { Action = "FailJob", OnExitCodes = Codes("In", 42) } } };
        var pod = PodTracking.Make(job);
        pod.Metadata.Namespace = "default";
        pod.Metadata.Name = "one";
        pod.Status = new() { Phase = "Failed", ContainerStatuses = { new ContainerStatus { Name = "main", State = new() { Terminated = new() { ExitCode = 42 } } } } };

        JobEnd.Foretell(job, new JobTally(job, [pod]), DateTimeOffset.UnixEpoch);

        var told = Assert.Single(job.Status.Conditions);
        Assert.Equal(
            ("FailureTarget", "True", "PodFailurePolicy", "Container main for pod default/one failed with exit code 42 matching FailJob rule at index 0"),
            (told.Type, told.Status, told.Reason, told.Message));
    }

    [Fact]
    public async Task BackoffLimitPerIndex_WaitsForEachIndexByItself()
    {
        _rig.Api.Seed(Indexed(completions: 2, perIndex: 3));
        _rig.Start("job");
        await _rig.UntilAsync(() => Status() is { Ready: 2 });
        Fail(PodOf(0), exitCode: 1);
        await _rig.UntilAsync(() => Status() is { Active: 1 });
        await _rig.PassAsync(TimeSpan.FromSeconds(8));
        Assert.Equal(1, Status().Active);
        Fail(PodOf(1), exitCode: 1);

        await _rig.UntilAsync(() => _rig.Pods.Any(pod => pod.IsActive()));
        // The first has waited its ten seconds; the second has not.
        Assert.Equal("0", Index(_rig.Pods.Single(pod => pod.IsActive())));
        await _rig.UntilAsync(() => Status() is { Active: 2 });
    }

    [Fact]
    public async Task MaxFailedIndexes_EndsTheJobWhereMoreHaveFailed()
    {
        var job = Indexed(completions: 4, perIndex: 0);
        job.Spec.MaxFailedIndexes = 1;
        _rig.Api.Seed(job);
        _rig.Start("job");
        await _rig.UntilAsync(() => Status() is { Ready: 4 });
        Fail(PodOf(0), exitCode: 1);
        await _rig.UntilAsync(() => Status() is { FailedIndexes: "0" });
        await _rig.SettleAsync();
        Assert.False(Has("FailureTarget"));

        Fail(PodOf(2), exitCode: 1);
        await _rig.UntilAsync(() => Has("Failed"));

        Assert.Equal("MaxFailedIndexesExceeded", Condition("Failed").Reason);
        Assert.Equal("Job has exceeded the specified maximal number of failed indexes", Condition("Failed").Message);
        Assert.Equal("0,2", Status().FailedIndexes);
        Assert.Equal(2, _rig.Pods.Count);
    }

    [Fact]
    public async Task FailIndex_GivesAnIndexUpWhateverItsLimit()
    {
        var job = Indexed(completions: 2, perIndex: 5);
        job.Spec.PodFailurePolicy = new() { Rules = { new PodFailurePolicyRule { Action = "FailIndex", OnExitCodes = Codes("In", 42) } } };
        _rig.Api.Seed(job);
        _rig.Start("job");
        await _rig.UntilAsync(() => Status() is { Ready: 2 });

        Fail(PodOf(1), exitCode: 42);

        await _rig.UntilAsync(() => Status() is { FailedIndexes: "1", Active: 1 });
    }

    [Fact]
    public async Task IgnoredFailure_OfAnIndex_DoesNotCountButIsWaitedFor()
    {
        var job = Indexed(completions: 1, perIndex: 0);
        job.Spec.PodFailurePolicy = new() { Rules = { new PodFailurePolicyRule { Action = "Ignore", OnExitCodes = Codes("In", 42) } } };
        _rig.Api.Seed(job);
        _rig.Start("job");
        await _rig.UntilAsync(() => Status() is { Ready: 1 });

        Fail(PodOf(0), exitCode: 42);
        await _rig.UntilAsync(() => _rig.Pods.Count == 2);

        var annotations = PodOf(0).Metadata.Annotations;
        Assert.Equal(("0", "1"), (annotations["batch.kubernetes.io/job-index-failure-count"], annotations["batch.kubernetes.io/job-index-ignored-failure-count"]));
        Assert.Equal(("", 0), (Status().FailedIndexes, Status().Failed));
    }

    [Theory]
    [InlineData("0-1", null, new[] { 0, 1 }, 0)]
    [InlineData("1-3", 2, new[] { 1, 3 }, 0)]
    [InlineData(null, 3, new[] { 0, 2, 3 }, 0)]
    [InlineData("0", null, new[] { 2, 3, 1 }, null)]
    [InlineData("x", null, new[] { 1 }, null)]
    [InlineData("7", null, new[] { 1 }, null)]
    public async Task SuccessPolicy_WhereARuleIsMet_CompletesAndTakesTheRestAway(string? indexes, int? count, int[] succeed, int? rule)
    {
        var job = Indexed(completions: 4, perIndex: null);
        var wanted = new SuccessPolicyRule();
        if (indexes is not null)
        {
            wanted.SucceededIndexes = indexes;
        }

        if (count is { } number)
        {
            wanted.SucceededCount = number;
        }

        job.Spec.SuccessPolicy = new() { Rules = { wanted } };
        _rig.Api.Seed(job);
        _rig.Start("job");
        await _rig.UntilAsync(() => Status() is { Ready: 4 });
        foreach (var index in succeed)
        {
            Succeed(PodOf(index));
        }

        await _rig.UntilAsync(() => Status().Succeeded == succeed.Length);
        await _rig.SettleAsync();

        Assert.Equal(rule is not null, Has("Complete"));
        if (rule is not null)
        {
            Assert.Equal(("SuccessPolicy", $"Matched rules at index {rule}"), (Condition("SuccessCriteriaMet").Reason, Condition("SuccessCriteriaMet").Message));
            Assert.Equal("SuccessPolicy", Condition("Complete").Reason);
            Assert.Equal((0, 0), (Status().Active, Status().Failed));
            Assert.Equal(succeed.Length, _rig.Pods.Count);
        }
    }

    [Fact]
    public async Task Indexes_AsManyAsThereCanBe_CostNoMoreThanThePods()
    {
        var job = Indexed(completions: int.MaxValue, perIndex: 1);
        job.Spec.Parallelism = 2;
        job.Spec.MaxFailedIndexes = 10;
        job.Spec.SuccessPolicy = new() { Rules = { new SuccessPolicyRule { SucceededIndexes = $"1-{int.MaxValue - 1}", SucceededCount = 1 } } };
        _rig.Api.Seed(job);
        _rig.Start("job");
        await _rig.UntilAsync(() => Status() is { Ready: 2 });

        // Others have its place now: until it is tried again, or the job ends, it stays and is not counted.
        Fail(PodOf(0), exitCode: 1);
        await _rig.UntilAsync(() => _rig.Pods.Count == 3 && Status() is { Ready: 2 });
        Assert.False(Has("SuccessCriteriaMet"));
        Succeed(PodOf(1));
        await _rig.UntilAsync(() => Has("Complete"));

        Assert.Equal("Matched rules at index 0", Condition("SuccessCriteriaMet").Message);
    }

    [Fact]
    public async Task End_WhilePodsAreLeaving_IsOnlyAnnounced()
    {
        _rig.Api.Seed(Work(parallelism: 2, completions: 2, backoffLimit: 0));
        _rig.Start("job");
        await _rig.UntilAsync(() => Status() is { Ready: 2 });
        _rig.HasKubelet = false;

        Fail(_rig.Pods[0], exitCode: 1);
        await _rig.UntilAsync(() => Has("FailureTarget"));
        await _rig.SettleAsync();
        Assert.Equal((0, 1, 2, false), (Status().Active, Status().Terminating, Status().Failed, Has("Failed")));

        _rig.HasKubelet = true;
        await _rig.UntilAsync(() => Has("Failed"));
        Assert.Equal((0, 0, 2), (Status().Active, Status().Terminating, Status().Failed));
    }

    [Theory]
    [InlineData("Failed", 1)]
    [InlineData("TerminatingOrFailed", 2)]
    public async Task PodReplacementPolicy_SaysWhetherALeavingPodIsReplaced(string policy, int pods)
    {
        var job = Work();
        job.Spec.PodReplacementPolicy = policy;
        _rig.Api.Seed(job);
        _rig.Start("job");
        await _rig.UntilAsync(() => Status() is { Ready: 1 });
        _rig.HasKubelet = false;
        await _rig.Api.DeleteAsync<Pod>("default", _rig.Pods[0].Metadata.Name, null, TestContext.Current.CancellationToken);

        await _rig.UntilAsync(() => Status() is { Terminating: 1 } && _rig.Pods.Count >= pods);
        await _rig.PassAsync(TimeSpan.FromSeconds(10));
        Assert.Equal(pods, _rig.Pods.Count);

        _rig.HasKubelet = true;
        await _rig.UntilAsync(() => Status() is { Ready: 1, Terminating: 0 });
        Assert.Single(_rig.Pods);
    }

    private static PodFailurePolicyOnExitCodesRequirement Codes(string operation, params int[] values) => new() { Operator = operation, Values = { values } };

    private static Job Work(int parallelism = 1, int completions = 1, int backoffLimit = 6)
    {
        var template = Make.Template();
        template.Spec.RestartPolicy = "Never";
        return new Job
        {
            Metadata = new() { Namespace = "default", Name = "work" },
            Spec = new()
            {
                Parallelism = parallelism,
                Completions = completions,
                BackoffLimit = backoffLimit,
                CompletionMode = "NonIndexed",
                Selector = new() { MatchLabels = { ["app"] = "web" } },
                Template = template,
            },
        };
    }

    private static Job Indexed(int completions, int? perIndex)
    {
        var job = Work(completions, completions, int.MaxValue);
        job.Spec.CompletionMode = "Indexed";
        if (perIndex is { } limit)
        {
            job.Spec.BackoffLimitPerIndex = limit;
        }

        return job;
    }

    private static string Index(Pod pod) => pod.Metadata.Annotations["batch.kubernetes.io/job-completion-index"];

    private Pod PodOf(int index) => _rig.Pods.Single(pod => pod.IsActive() && Index(pod) == $"{index}");

    private JobStatus Status() => _rig.Api.Find<Job>("default", "work")!.Status ?? new();

    private JobCondition Condition(string type) => Status().Conditions.Single(condition => condition.Type == type);

    private bool Has(string type) => Status().Conditions.Any(condition => condition.Type == type && condition.Status == "True");

    private void Succeed(Pod pod) => End(pod, "Succeeded", 0, disrupted: false);

    private void Fail(Pod pod, int exitCode, bool disrupted = false) => End(pod, "Failed", exitCode, disrupted);

    private void End(Pod pod, string phase, int exitCode, bool disrupted) => _rig.Api.Change<Pod>("default", pod.Metadata.Name, one =>
    {
        one.Status.Phase = phase;
        one.Status.PodIP = "10.244.0.1";
        one.Status.Conditions.Clear();
        if (disrupted)
        {
            one.Status.SetCondition(new() { Type = "DisruptionTarget", Status = "True" });
        }

        one.Status.ContainerStatuses.Add(new ContainerStatus
        {
            Name = "main", State = new() { Terminated = new() { ExitCode = exitCode, FinishedAt = _rig.Time.GetUtcNow().ToTime() } },
        });
    });
}

using Cluster.Api;
using Cluster.Api.BatchV1;
using Cluster.Api.CoreV1;
using Cluster.Controllers.Jobs;
using Cluster.Controllers.Tests.Framework;

namespace Cluster.Controllers.Tests.Jobs;

public sealed class JobControllerTests : IAsyncLifetime
{
    private readonly ControllerRig _rig = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task ReconcileAsync_PodsSucceed_RunsThemInParallelUntilComplete()
    {
        var job = _rig.Api.Seed(Work(parallelism: 2, completions: 3));
        _rig.Start("job");

        await _rig.UntilAsync(() => Status() is { Active: 2, Ready: 2 });
        Assert.All(_rig.Pods, pod => Assert.Equal(job.Metadata.Uid, Assert.Single(pod.Metadata.OwnerReferences).Uid));
        foreach (var pod in _rig.Pods)
        {
            End(pod, "Succeeded");
        }

        await _rig.UntilAsync(() => Status() is { Active: 1, Succeeded: 2 });
        End(_rig.Pods.Single(pod => pod.IsActive()), "Succeeded");

        await _rig.UntilAsync(() => JobHas("Complete"));
        Assert.Equal((0, 3, 0), (Status().Active, Status().Succeeded, Status().Failed));
        Assert.NotNull(Status().CompletionTime);
        Assert.NotNull(Status().StartTime);
        Assert.Equal(3, _rig.Pods.Count);
        await _rig.UntilAsync(() => _rig.Events.Contains("Completed: Job completed"));
    }

    [Fact]
    public async Task ReconcileAsync_PodsFail_WaitsLongerEachTimeAndGivesUp()
    {
        _rig.Api.Seed(Work(backoffLimit: 1));
        _rig.Start("job");

        await _rig.UntilAsync(() => _rig.Pods.Count == 1 && _rig.Pods[0].IsReady());
        var failed = _rig.Time.GetUtcNow();
        End(_rig.Pods[0], "Failed", failed);
        await _rig.PassAsync(TimeSpan.FromSeconds(8));
        Assert.Single(_rig.Pods);
        await _rig.UntilAsync(() => _rig.Pods.Count == 2);
        // An end has no fractions of a second.
        Assert.True(_rig.Time.GetUtcNow() - failed >= TimeSpan.FromSeconds(9));
        End(_rig.Pods.Single(pod => pod.IsActive()), "Failed");

        await _rig.UntilAsync(() => JobHas("Failed"));
        Assert.Equal(("BackoffLimitExceeded", 2), (Condition("Failed").Reason, Status().Failed));
        await _rig.SettleAsync();
        Assert.Equal(2, _rig.Pods.Count);
    }

    [Fact]
    public async Task ReconcileAsync_DeadlinePasses_TakesThePodsAway()
    {
        _rig.Api.Seed(Work(parallelism: 2, completions: 2, deadline: 30));
        _rig.Start("job");
        await _rig.UntilAsync(() => Status() is { Active: 2 });
        await _rig.PassAsync(TimeSpan.FromSeconds(20));
        Assert.Equal(2, _rig.Pods.Count);

        await _rig.PassAsync(TimeSpan.FromSeconds(15));

        Assert.Empty(_rig.Pods);
        Assert.Equal(("DeadlineExceeded", 2, 0), (Condition("Failed").Reason, Status().Failed, Status().Active));
    }

    [Fact]
    public async Task ReconcileAsync_WorkQueue_MakesNoMorePodsAfterTheFirstSuccess()
    {
        var job = Work(parallelism: 3);
        job.Spec.ClearCompletions();
        _rig.Api.Seed(job);
        _rig.Start("job");
        await _rig.UntilAsync(() => Status() is { Active: 3 });

        End(_rig.Pods[0], "Succeeded");
        await _rig.UntilAsync(() => Status() is { Active: 2, Succeeded: 1 });
        await _rig.SettleAsync();
        Assert.Equal(3, _rig.Pods.Count);
        foreach (var pod in _rig.Pods.Where(pod => pod.IsActive()))
        {
            End(pod, "Succeeded");
        }

        await _rig.UntilAsync(() => JobHas("Complete"));
        Assert.Equal(3, Status().Succeeded);
    }

    [Fact]
    public async Task ReconcileAsync_Indexed_RunsEachIndexUntilItSucceeded()
    {
        var job = Work(parallelism: 3, completions: 3);
        job.Spec.CompletionMode = "Indexed";
        _rig.Api.Seed(job);
        _rig.Start("job");
        await _rig.UntilAsync(() => Status() is { Active: 3 });
        Assert.Equal(["0", "1", "2"], _rig.Pods.Select(Index).Order());
        Assert.All(_rig.Pods, pod => Assert.Equal($"work-{Index(pod)}", pod.Spec.Hostname));
        Assert.All(_rig.Pods, pod => Assert.Contains(pod.Spec.Containers[0].Env, env => env.Name == "JOB_COMPLETION_INDEX"));

        End(_rig.Pods.Single(pod => Index(pod) == "0"), "Succeeded");
        End(_rig.Pods.Single(pod => Index(pod) == "1"), "Failed");
        End(_rig.Pods.Single(pod => Index(pod) == "2"), "Succeeded");

        await _rig.UntilAsync(() => Status() is { Active: 1, Succeeded: 2, Failed: 1 });
        Assert.Equal("0,2", Status().CompletedIndexes);
        End(_rig.Pods.Single(pod => pod.IsActive() && Index(pod) == "1"), "Succeeded");
        await _rig.UntilAsync(() => JobHas("Complete"));
        Assert.Equal("0-2", Status().CompletedIndexes);
    }

    [Fact]
    public async Task ReconcileAsync_Suspended_HasNoPodsAndItsTimeDoesNotRun()
    {
        _rig.Api.Seed(Work(deadline: 30));
        _rig.Start("job");
        await _rig.UntilAsync(() => Status() is { Active: 1 });

        _rig.Api.Change<Job>("default", "work", job => job.Spec.Suspend = true);
        await _rig.UntilAsync(() => _rig.Pods.Count == 0 && JobHas("Suspended"));
        Assert.Null(Status().StartTime);
        await _rig.PassAsync(TimeSpan.FromSeconds(60));
        _rig.Api.Change<Job>("default", "work", job => job.Spec.Suspend = false);

        await _rig.UntilAsync(() => Status() is { Active: 1 });
        Assert.Equal("False", Condition("Suspended").Status);
        Assert.False(JobHas("Failed"));
    }

    [Fact]
    public async Task ReconcileAsync_TimeToLiveEnds_DeletesTheFinishedJob()
    {
        var job = Work();
        job.Spec.TtlSecondsAfterFinished = 20;
        _rig.Api.Seed(job);
        _rig.Start("job", "ttl-after-finished");
        await _rig.UntilAsync(() => Status() is { Ready: 1 });
        End(_rig.Pods[0], "Succeeded");
        await _rig.UntilAsync(() => JobHas("Complete"));
        await _rig.PassAsync(TimeSpan.FromSeconds(15));
        Assert.NotNull(_rig.Api.Find<Job>("default", "work"));

        await _rig.UntilAsync(() => _rig.Api.Find<Job>("default", "work") is not { Metadata.DeletionTimestamp: null });
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task ReconcileAsync_EverythingFailsAtRandom_RunsNoMoreThanWanted(int seed)
    {
        var trouble = new Trouble(_rig, seed);
        _rig.Api.Seed(Work(parallelism: 5, completions: 5));
        _rig.Start("job");
        await _rig.PassAsync(TimeSpan.FromSeconds(10), trouble.Step);
        trouble.End();

        await _rig.UntilAsync(() => Status() is { Active: 5, Ready: 5 });
        await _rig.SettleAsync();
        Assert.Equal(5, _rig.Pods.Count(pod => pod.IsActive()));
    }

    [Fact]
    public async Task ReconcileAsync_Pods_AreHeldUntilTheyAreCounted()
    {
        _rig.Api.Seed(Work(parallelism: 2, completions: 2));
        _rig.Start("job");
        await _rig.UntilAsync(() => Status() is { Ready: 2 });
        Assert.All(_rig.Pods, pod => Assert.Equal(["batch.kubernetes.io/job-tracking"], pod.Metadata.Finalizers));

        // It is deleted as soon as it is done: the count is there before it is gone.
        var first = _rig.Pods[0];
        End(first, "Succeeded");
        Leave(first);
        await _rig.UntilAsync(() => _rig.Pods.Count == 1);
        await _rig.UntilAsync(() => Status() is { Succeeded: 1, Active: 1, UncountedTerminatedPods: { Succeeded.Count: 0 } });
        await _rig.SettleAsync();
        Assert.Single(_rig.Pods);

        End(_rig.Pods[0], "Succeeded");
        await _rig.UntilAsync(() => JobHas("Complete"));
        Assert.Equal(2, Status().Succeeded);
        Assert.Empty(Assert.Single(_rig.Pods).Metadata.Finalizers);
    }

    [Fact]
    public async Task ReconcileAsync_RunningPodIsDeleted_CountsAsFailed()
    {
        _rig.Api.Seed(Work(backoffLimit: 1));
        _rig.Start("job");
        await _rig.UntilAsync(() => Status() is { Ready: 1 });

        Leave(_rig.Pods[0]);
        await _rig.UntilAsync(() => Status() is { Failed: 1, Ready: 1 });
        Leave(_rig.Pods.Single(pod => pod.IsActive()));

        await _rig.UntilAsync(() => JobHas("Failed"));
        Assert.Equal(("BackoffLimitExceeded", 2), (Condition("Failed").Reason, Status().Failed));
        await _rig.UntilAsync(() => _rig.Pods.Count == 0);
    }

    [Fact]
    public async Task ReconcileAsync_IndexedPodVanishes_ItsIndexStaysDone()
    {
        var job = Work(parallelism: 2, completions: 2);
        job.Spec.CompletionMode = "Indexed";
        _rig.Api.Seed(job);
        _rig.Start("job");
        await _rig.UntilAsync(() => Status() is { Ready: 2 });
        var done = _rig.Pods.Single(pod => Index(pod) == "0");

        End(done, "Succeeded");
        Leave(done);
        await _rig.UntilAsync(() => _rig.Pods.Count == 1);
        await _rig.SettleAsync();

        Assert.Equal(("0", 1), (Status().CompletedIndexes, Status().Succeeded));
        Assert.Equal("1", Index(Assert.Single(_rig.Pods)));
    }

    [Fact]
    public async Task ReconcileAsync_JobIsGone_LetsGoOfItsPods()
    {
        _rig.Api.Seed(Work(parallelism: 2, completions: 2));
        _rig.Start("job");
        await _rig.UntilAsync(() => Status() is { Ready: 2 });
        var orphaned = _rig.Pods[0];
        _rig.Api.Change<Pod>("default", orphaned.Metadata.Name, pod => pod.Metadata.OwnerReferences.Clear());
        _rig.Api.Change<Pod>("default", orphaned.Metadata.Name, pod => pod.Metadata.Labels.Clear());
        await _rig.UntilAsync(() => _rig.Api.Find<Pod>("default", orphaned.Metadata.Name)!.Metadata.Finalizers.Count == 0);

        _rig.Api.Remove<Job>("default", "work");
        await _rig.UntilAsync(() => _rig.Pods.All(pod => pod.Metadata.Finalizers.Count == 0));
    }

    [Fact]
    public async Task ReconcileAsync_JobWentWhileNobodyLooked_LetsGoOfItsPods()
    {
        var gone = Work();
        (gone.Metadata.Name, gone.Metadata.Uid) = ("gone", "of-before");
        foreach (var name in new[] { "gone-a", "gone-b" })
        {
            var pod = Held(gone, name);
            if (name == "gone-b")
            {
                pod.Metadata.DeletionTimestamp = _rig.Time.GetUtcNow().ToTime();
            }

            _rig.Api.Seed(pod);
        }

        // Of another job, though of the same name as one that is there.
        var before = _rig.Api.Seed(Work()).Clone();
        before.Metadata.Uid = "of-before";
        _rig.Api.Seed(Held(before, "work-old"));
        _rig.Start("job");

        await _rig.UntilAsync(() => _rig.Pods.Where(pod => pod.Metadata.OwnerReferences[0].Uid == "of-before").All(pod => pod.Metadata.Finalizers.Count == 0));
        await _rig.UntilAsync(() => _rig.Pods.All(pod => pod.Metadata.Name != "gone-b"));
    }

    [Fact]
    public async Task ReconcileAsync_PodEndedWhileNobodyLooked_IsHeldUntilSomebodyCounts()
    {
        var job = _rig.Api.Seed(Work(parallelism: 2, completions: 2));
        var pod = Held(job, "work-a");
        pod.Metadata.DeletionTimestamp = _rig.Time.GetUtcNow().ToTime();
        SetEnd(pod, "Succeeded", _rig.Time.GetUtcNow());
        _rig.Api.Seed(pod);
        await _rig.SettleAsync();
        Assert.Single(_rig.Pods);

        _rig.Start("job");

        await _rig.UntilAsync(() => Status() is { Succeeded: 1, Active: 1 } && _rig.Pods.All(one => one.Metadata.Name != "work-a"));
    }

    [Fact]
    public async Task ReconcileAsync_JobOfAnotherController_IsLeftAlone()
    {
        var job = Work();
        job.Spec.ManagedBy = "example.com/other";
        job = _rig.Api.Seed(job);
        var pod = Held(job, "work-a");
        SetEnd(pod, "Succeeded", _rig.Time.GetUtcNow());
        _rig.Api.Seed(pod);

        _rig.Start("job");
        await _rig.SettleAsync();
        Assert.Equal([PodAccounts.Finalizer], Assert.Single(_rig.Pods).Metadata.Finalizers);

        _rig.Api.Remove<Job>("default", "work");
        await _rig.UntilAsync(() => _rig.Pods[0].Metadata.Finalizers.Count == 0);
    }

    [Fact]
    public async Task ReconcileAsync_PodMadeAndMarkedBetweenTwoWatches_IsCountedAndReplaced()
    {
        var isFirst = true;
        _rig.Api.LostReply = request =>
        {
            if (request is { Verb: "create", Type.Kind: "Pod" } && isFirst)
            {
                isFirst = false;
                _rig.Api.EndWatches();
                _rig.Api.Compact();
                Leave(_rig.Pods[0]);
            }

            return null;
        };
        _rig.Api.Seed(Work());
        _rig.Start("job");

        await _rig.UntilAsync(() => !isFirst && Status() is { Failed: 1, Ready: 1 });
    }

    [Theory]
    [InlineData(3)]
    [InlineData(4)]
    public async Task ReconcileAsync_PodsVanishWhileEverythingFails_EachIsCountedOnce(int seed)
    {
        const int completions = 8;
        var trouble = new Trouble(_rig, seed);
        var held = 0;
        _rig.Api.Seed(Work(parallelism: 3, completions: completions));
        _rig.Start("job");
        void Step()
        {
            trouble.Step();
            foreach (var pod in _rig.Pods.Where(pod => pod.IsReady() && pod.IsActive()).TakeWhile(_ => held < completions))
            {
                try
                {
                    // One that the job has let go of, to delete it, is not its own any more, though deleting it may have failed.
                    _rig.Api.Change<Pod>("default", pod.Metadata.Name, one =>
                    {
                        held += one.Metadata.Finalizers.Count;
                        SetEnd(one, "Succeeded", _rig.Time.GetUtcNow());
                    });
                    Leave(pod);
                }
                catch (StatusException e) when (e.IsNotFound)
                {
                    // The controller has deleted it this moment.
                }
            }
        }

        await _rig.PassAsync(TimeSpan.FromSeconds(20), Step);
        trouble.End();
        await _rig.UntilAsync(() => JobHas("Complete"), each: Step);

        Assert.Equal((completions, completions), (held, Status().Succeeded));
    }

    private static Job Work(int parallelism = 1, int completions = 1, int backoffLimit = 6, long? deadline = null)
    {
        var template = Make.Template();
        template.Spec.RestartPolicy = "Never";
        var job = new Job
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
        if (deadline is { } seconds)
        {
            job.Spec.ActiveDeadlineSeconds = seconds;
        }

        return job;
    }

    private static Pod Held(Job job, string name)
    {
        var pod = PodTracking.Make(job);
        (pod.Metadata.Namespace, pod.Metadata.Name, pod.Status) = (job.Metadata.Namespace, name, new() { Phase = "Running" });
        return pod;
    }

    private static string Index(Pod pod) => pod.Metadata.Annotations["batch.kubernetes.io/job-completion-index"];

    private JobStatus Status() => _rig.Api.Find<Job>("default", "work")!.Status ?? new();

    private JobCondition Condition(string type) => Status().Conditions.Single(condition => condition.Type == type);

    private bool JobHas(string type) => Status().Conditions.Any(condition => condition.Type == type && condition.Status == "True");

    private void Leave(Pod pod) =>
        _rig.Api.Change<Pod>("default", pod.Metadata.Name, one => one.Metadata.DeletionTimestamp = _rig.Time.GetUtcNow().ToTime());

    private void End(Pod pod, string phase, DateTimeOffset? at = null) =>
        _rig.Api.Change<Pod>("default", pod.Metadata.Name, one => SetEnd(one, phase, at ?? _rig.Time.GetUtcNow()));

    private static void SetEnd(Pod pod, string phase, DateTimeOffset at)
    {
        pod.Status.Phase = phase;
        // It has run, whatever the kubelet has come to: it must not run it now.
        pod.Status.PodIP = "10.244.0.1";
        pod.Status.Conditions.Clear();
        pod.Status.ContainerStatuses.Add(new ContainerStatus { Name = "main", State = new() { Terminated = new() { FinishedAt = at.ToTime() } } });
    }
}

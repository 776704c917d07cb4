using Cluster.Api;
using Cluster.Api.BatchV1;
using Cluster.Api.CoreV1;
using Cluster.Client;
using Cluster.Testing;

namespace Cluster.Controllers.Tests.Server;

/// <summary>Jobs and CronJobs over the real server: its defaults and rules, and the rights of the controllers' own accounts.</summary>
public sealed class BatchOverServerTests(ServerRig rig) : IClassFixture<ServerRig>
{
    private const string Ns = "default";

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    private IApiClient Admin => rig.Admin;

    [Fact]
    public async Task CronJob_MakesJobsFollowsThemAndTakesThemAlong()
    {
        await Admin.CreateAsync(new CronJob
        {
            Metadata = new() { Namespace = Ns, Name = "tick" },
            Spec = new() { Schedule = "@every 1s", ConcurrencyPolicy = "Forbid", JobTemplate = new() { Spec = new() { Template = Once() } } },
        }, Cancel);
        await Eventually.True(async () => (await CronAsync()).Status is { Active.Count: 1, LastScheduleTime: not null });
        var first = (await CronAsync()).Status.Active[0];
        var job = await Admin.GetAsync<Job>(Ns, first.Name, Cancel);
        Assert.Equal(("CronJob", "tick", true), (job.Metadata.OwnerReferences[0].Kind, job.Metadata.OwnerReferences[0].Name, job.Metadata.OwnerReferences[0].Controller));

        await EndAsync(first.Name, null, "Succeeded");
        await Eventually.True(async () => (await CronAsync()).Status is { LastSuccessfulTime: not null } status && status.Active.All(one => one.Uid != first.Uid));

        await Admin.DeleteAsync<CronJob>(Ns, "tick", new() { PropagationPolicy = "Foreground" }, Cancel);
        await Eventually.True(async () => (await Admin.ListAsync<Job>(Ns, ListQuery.All, Cancel)).Items.All(one => one.Metadata.OwnerReferences.Count == 0));
    }

    [Fact]
    public async Task Job_WithALimitForEachIndex_EndsWithTheIndexesThatFailed()
    {
        await Admin.CreateAsync(new Job
        {
            Metadata = new() { Namespace = Ns, Name = "indexed" },
            Spec = new() { Completions = 2, Parallelism = 2, CompletionMode = "Indexed", BackoffLimitPerIndex = 0, Template = Once() },
        }, Cancel);

        await EndAsync("indexed", "0", "Failed");
        await EndAsync("indexed", "1", "Succeeded");

        await Eventually.True(async () => (await Admin.GetAsync<Job>(Ns, "indexed", Cancel)).Status.Conditions.Any(condition => condition is { Type: "Failed", Status: "True" }));
        var status = (await Admin.GetAsync<Job>(Ns, "indexed", Cancel)).Status;
        Assert.Equal(("0", "1", 1, 1), (status.FailedIndexes, status.CompletedIndexes, status.Failed, status.Succeeded));
        Assert.Equal(["FailureTarget", "Failed"], status.Conditions.Select(condition => condition.Type));
        Assert.All(status.Conditions, condition => Assert.Equal("FailedIndexes", condition.Reason));
    }

    [Theory]
    [InlineData("Orphan", 2)]
    [InlineData("Background", 0)]
    [InlineData("Foreground", 0)]
    public async Task Job_Deleted_HoldsNoPodBack(string propagation, int left)
    {
        var name = "gone-" + propagation.ToLowerInvariant();
        await Admin.CreateAsync(new Job { Metadata = new() { Namespace = Ns, Name = name }, Spec = new() { Completions = 2, Parallelism = 2, Template = Once() } }, Cancel);
        await Eventually.True(async () => (await PodsAsync(name)).Count(pod => pod.Status?.Phase == "Running") == 2);
        Assert.All(await PodsAsync(name), pod => Assert.Equal(["batch.kubernetes.io/job-tracking"], pod.Metadata.Finalizers));

        await Admin.DeleteAsync<Job>(Ns, name, new() { PropagationPolicy = propagation }, Cancel);

        await Eventually.True(async () => await PodsAsync(name) is { } pods && pods.Count == left && pods.All(pod => pod.Metadata is { Finalizers.Count: 0, OwnerReferences.Count: 0 }));
        foreach (var pod in await PodsAsync(name))
        {
            await Admin.DeleteAsync<Pod>(Ns, pod.Metadata.Name, null, Cancel);
        }

        await Eventually.True(async () => (await PodsAsync(name)).Count == 0);
    }

    [Fact]
    public async Task Job_ItsPodIsDeletedAsItEnds_IsCountedBeforeItIsGone()
    {
        await Admin.CreateAsync(new Job { Metadata = new() { Namespace = Ns, Name = "brief" }, Spec = new() { Template = Once() } }, Cancel);
        await EndAsync("brief", null, "Succeeded");
        await Admin.DeleteAsync<Pod>(Ns, (await PodsAsync("brief")).Single().Metadata.Name, new() { GracePeriodSeconds = 0 }, Cancel);

        await Eventually.True(async () => (await Admin.GetAsync<Job>(Ns, "brief", Cancel)).Status.Conditions.Any(condition => condition is { Type: "Complete", Status: "True" }));
        Assert.Equal((1, 0), ((await Admin.GetAsync<Job>(Ns, "brief", Cancel)).Status.Succeeded, (await PodsAsync("brief")).Count));
    }

    private static PodTemplateSpec Once() => new()
    {
        Metadata = new() { Labels = { ["kind"] = "once" } },
        Spec = new() { RestartPolicy = "Never", Containers = { new Container { Name = "main", Image = "work:1" } } },
    };

    private async Task<IReadOnlyList<Pod>> PodsAsync(string job) =>
        [.. (await Admin.ListAsync<Pod>(Ns, ListQuery.All, Cancel)).Items.Where(pod => pod.Metadata.Labels.GetValueOrDefault("job-name") == job)];

    private Task<CronJob> CronAsync() => Admin.GetAsync<CronJob>(Ns, "tick", Cancel);

    /// <summary>Ends the pod of a job, as a kubelet tells it.</summary>
    private async Task EndAsync(string job, string? index, string phase)
    {
        Pod? pod = null;
        await Eventually.True(async () => (pod = (await Admin.ListAsync<Pod>(Ns, ListQuery.All, Cancel)).Items.FirstOrDefault(one =>
            one.Status?.Phase == "Running" && one.Metadata.OwnerReferences.Any(owner => owner.Name == job)
            && (index is null || one.Metadata.Annotations["batch.kubernetes.io/job-completion-index"] == index))) is not null);
        await Admin.PatchAsync<Pod>(Ns, pod!.Metadata.Name, PatchBody.Merge("""{"status":{"phase":"PHASE"}}""".Replace("PHASE", phase, StringComparison.Ordinal)), "status", Cancel);
    }
}

using System.Globalization;
using Cluster.Api;
using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Controllers.Tests.Framework;

namespace Cluster.Controllers.Tests.Deployments;

public sealed class DeploymentControllerTests : IAsyncLifetime
{
    private const string Revision = "deployment.kubernetes.io/revision";

    private readonly ControllerRig _rig = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Fact]
    public async Task ReconcileAsync_New_MakesASetAndReportsSuccess()
    {
        await StartAsync(Make.Deployment("web", 3));

        var set = Assert.Single(Sets());
        var hash = set.Metadata.Labels["pod-template-hash"];
        Assert.Equal($"web-{hash}", set.Metadata.Name);
        Assert.Equal(hash, set.Spec.Selector.MatchLabels["pod-template-hash"]);
        Assert.Equal(hash, set.Spec.Template.Metadata.Labels["pod-template-hash"]);
        Assert.Equal(("1", "3", "4", "blue"), (
            set.Metadata.Annotations[Revision],
            set.Metadata.Annotations["deployment.kubernetes.io/desired-replicas"],
            set.Metadata.Annotations["deployment.kubernetes.io/max-replicas"],
            set.Metadata.Annotations["team"]));
        Assert.Equal("1", Deployment().Metadata.Annotations[Revision]);
        Assert.Equal(("True", "MinimumReplicasAvailable"), Condition("Available"));
        Assert.Equal(("True", "NewReplicaSetAvailable"), Condition("Progressing"));
        await _rig.UntilAsync(() => _rig.Events.Contains($"ScalingReplicaSet: Scaled up replica set {set.Metadata.Name} to 3"));
    }

    [Theory]
    [InlineData(10, "25%", "25%")]
    [InlineData(3, "1", "0")]
    [InlineData(4, "0", "1")]
    [InlineData(1, "25%", "25%")]
    public async Task ReconcileAsync_NewTemplate_RollsWithinItsBounds(int replicas, string surge, string unavailable)
    {
        await StartAsync(Make.Deployment("web", replicas, surge, unavailable));
        var most = replicas + (surge == "25%" ? (int)Math.Ceiling(replicas * 0.25) : int.Parse(surge, CultureInfo.InvariantCulture));
        var least = replicas - (unavailable == "25%" ? (int)(replicas * 0.25) : int.Parse(unavailable, CultureInfo.InvariantCulture));

        SetImage("web:2");
        await _rig.UntilAsync(() => IsComplete(2), "roll-out", () =>
        {
            // Of the sets: the one that grows may make its pod before the one that shrinks has deleted its own.
            Assert.True(Sets().Sum(set => set.Spec.Replicas) <= most);
            Assert.True(_rig.Pods.Count(pod => pod.IsReady() && !pod.IsTerminating()) >= least);
        });

        Assert.All(_rig.Pods, pod => Assert.Equal("web:2", pod.Spec.Containers[0].Image));
        Assert.Equal(["1", "2"], Sets().Select(set => set.Metadata.Annotations[Revision]).Order());
        Assert.Equal("2", Deployment().Metadata.Annotations[Revision]);
    }

    [Fact]
    public async Task ReconcileAsync_TemplateAsBefore_ReusesTheOldSetWithANewRevision()
    {
        await StartAsync(Make.Deployment("web", 2));
        var first = Sets()[0].Metadata.Name;
        SetImage("web:2");
        await _rig.UntilAsync(() => IsComplete(2));

        SetImage("web:1");
        await _rig.UntilAsync(() => IsComplete(3));

        Assert.Equal(2, Sets().Count);
        var set = _rig.Api.Find<ReplicaSet>("default", first)!;
        Assert.Equal(("3", "1"), (set.Metadata.Annotations[Revision], set.Metadata.Annotations["deployment.kubernetes.io/revision-history"]));
        Assert.Equal(2, set.Spec.Replicas);
        Assert.All(_rig.Pods, pod => Assert.Equal("web:1", pod.Spec.Containers[0].Image));
    }

    [Fact]
    public async Task ReconcileAsync_Recreate_NeverRunsBothAtOnce()
    {
        var deployment = Make.Deployment("web", 3);
        deployment.Spec.Strategy = new() { Type = "Recreate" };
        await StartAsync(deployment);

        SetImage("web:2");
        await _rig.UntilAsync(() => IsComplete(2), "roll-out", () =>
            Assert.True(_rig.Pods.Select(pod => pod.Spec.Containers[0].Image).Distinct().Count() <= 1));

        Assert.All(_rig.Pods, pod => Assert.Equal("web:2", pod.Spec.Containers[0].Image));
    }

    [Fact]
    public async Task ReconcileAsync_Paused_ScalesButDoesNotRoll()
    {
        await StartAsync(Make.Deployment("web", 2));
        Change(deployment =>
        {
            deployment.Spec.Paused = true;
            deployment.Spec.Template.Spec.Containers[0].Image = "web:2";
            deployment.Spec.Replicas = 4;
        });

        await _rig.UntilAsync(() => _rig.Pods.Count == 4 && Condition("Progressing") == ("Unknown", "DeploymentPaused"));
        await _rig.SettleAsync();
        Assert.Single(Sets());

        Change(deployment => deployment.Spec.Paused = false);
        await _rig.UntilAsync(() => IsComplete(2) && _rig.Pods.Count == 4);
    }

    [Fact]
    public async Task ReconcileAsync_NewPodsDoNotStart_KeepsOldOnesAndTimesOut()
    {
        await StartAsync(Make.Deployment("web", 4));
        _rig.CanStart = pod => pod.Spec.Containers[0].Image != "web:2";
        Change(deployment =>
        {
            deployment.Spec.Template.Spec.Containers[0].Image = "web:2";
            deployment.Spec.ProgressDeadlineSeconds = 20;
        });

        await _rig.UntilAsync(() => Condition("Progressing") == ("False", "ProgressDeadlineExceeded"));

        Assert.Equal(3, _rig.Pods.Count(pod => pod.IsReady()));
        Assert.Contains("has timed out progressing.", Deployment().Status.Conditions.Single(one => one.Type == "Progressing").Message, StringComparison.Ordinal);
        SetImage("web:1");
        await _rig.UntilAsync(() => IsComplete(3));
    }

    [Fact]
    public async Task ReconcileAsync_ScaledInARollOut_SharesTheChange()
    {
        await StartAsync(Make.Deployment("web", 10, "3", "2"));
        _rig.CanStart = pod => pod.Spec.Containers[0].Image != "web:2";
        SetImage("web:2");
        await _rig.UntilAsync(() => Sets().Select(set => set.Spec.Replicas).Order().SequenceEqual([5, 8]));

        Change(deployment => deployment.Spec.Replicas = 15);

        await _rig.UntilAsync(() => Sets().Sum(set => set.Spec.Replicas) == 18);
        Assert.Equal([7, 11], Sets().Select(set => set.Spec.Replicas).Order());
    }

    [Fact]
    public async Task ReconcileAsync_ManyRevisions_KeepsTheLimit()
    {
        var deployment = Make.Deployment("web", 1);
        deployment.Spec.RevisionHistoryLimit = 2;
        await StartAsync(deployment);
        for (var revision = 2; revision <= 5; revision++)
        {
            SetImage($"web:{revision}");
            var wanted = revision;
            await _rig.UntilAsync(() => IsComplete(wanted));
        }

        await _rig.UntilAsync(() => Sets().Count == 3);
        Assert.Equal(["3", "4", "5"], Sets().Select(set => set.Metadata.Annotations[Revision]).Order());
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    public async Task ReconcileAsync_EverythingFailsAtRandom_ConvergesAllTheSame(int seed)
    {
        await StartAsync(Make.Deployment("web", 6));
        var trouble = new Trouble(_rig, seed);
        SetImage("web:2");
        await _rig.PassAsync(TimeSpan.FromSeconds(5), trouble.Step);
        SetImage("web:3");
        Change(deployment => deployment.Spec.Replicas = 4);
        await _rig.PassAsync(TimeSpan.FromSeconds(5), trouble.Step);
        trouble.End();

        await _rig.UntilAsync(() => _rig.Pods.Count == 4 && _rig.Pods.All(pod => pod.Spec.Containers[0].Image == "web:3") && Condition("Progressing").Reason == "NewReplicaSetAvailable");
        Assert.InRange(Sets().Count, 2, 3);
    }

    private async Task StartAsync(Deployment deployment)
    {
        _rig.Api.Seed(deployment);
        _rig.Start("deployment", "replicaset");
        await _rig.UntilAsync(() => IsComplete(1), "first roll-out");
    }

    private bool IsComplete(int revision)
    {
        var deployment = Deployment();
        var status = deployment.Status ?? new();
        return deployment.Metadata.Annotations.TryGetValue(Revision, out var text) && text == $"{revision}"
            && status.UpdatedReplicas == deployment.Spec.Replicas
            && status.Replicas == deployment.Spec.Replicas
            && status.AvailableReplicas == deployment.Spec.Replicas
            && status.ObservedGeneration == deployment.Metadata.Generation
            && _rig.Pods.All(pod => !pod.IsTerminating());
    }

    private (string Status, string Reason) Condition(string type) =>
        Deployment().Status?.Conditions.FirstOrDefault(one => one.Type == type) is { } condition ? (condition.Status, condition.Reason) : ("", "");

    private Deployment Deployment() => _rig.Api.Find<Deployment>("default", "web")!;

    private IReadOnlyList<ReplicaSet> Sets() => _rig.Api.All<ReplicaSet>();

    private void SetImage(string image) => Change(deployment => deployment.Spec.Template.Spec.Containers[0].Image = image);

    private void Change(Action<Deployment> change) => _rig.Api.Change<Deployment>("default", "web", deployment =>
    {
        change(deployment);
        deployment.Metadata.Generation++;
    });
}

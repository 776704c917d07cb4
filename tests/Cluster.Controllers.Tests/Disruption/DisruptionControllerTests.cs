using Cluster.Api;
using Cluster.Api.AppsV1;
using Cluster.Api.CoreV1;
using Cluster.Api.IntStr;
using Cluster.Api.PolicyV1;
using Cluster.Controllers.Tests.Framework;

namespace Cluster.Controllers.Tests.Disruption;

public sealed class DisruptionControllerTests : IAsyncLifetime
{
    private readonly ControllerRig _rig = new();

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync() => _rig.DisposeAsync();

    [Theory]
    [InlineData("min", "2", 2, 1, 3)]
    [InlineData("min", "50%", 2, 1, 3)]
    [InlineData("min", "3", 3, 0, 3)]
    [InlineData("max", "1", 2, 1, 3)]
    [InlineData("max", "50%", 1, 2, 3)]
    [InlineData("max", "0", 3, 0, 3)]
    public async Task ReconcileAsync_ReadyPods_AllowWhatTheBudgetLeaves(string kind, string amount, int desired, int allowed, int expected)
    {
        _rig.Api.Seed(Set(3));
        _rig.Api.Seed(Budget(kind, amount));
        _rig.Start("replicaset", "disruption");

        await _rig.UntilAsync(() => Status() is { CurrentHealthy: 3, ObservedGeneration: 1 });

        var status = Status();
        Assert.Equal((desired, allowed, expected), (status.DesiredHealthy, status.DisruptionsAllowed, status.ExpectedPods));
        var condition = Assert.Single(status.Conditions);
        Assert.Equal(("DisruptionAllowed", allowed > 0 ? "True" : "False", allowed > 0 ? "SufficientPods" : "InsufficientPods"), (condition.Type, condition.Status, condition.Reason));
    }

    [Fact]
    public async Task ReconcileAsync_EvictionUnderWay_CountsAgainstTheBudgetUntilItIsForgotten()
    {
        _rig.Api.Seed(Set(3));
        _rig.Api.Seed(Budget("min", "2"));
        _rig.Start("replicaset", "disruption");
        await _rig.UntilAsync(() => Status() is { DisruptionsAllowed: 1 });
        var pod = _rig.Pods[0].Metadata.Name;

        // As the eviction subresource does; the pod is not deleted then.
        _rig.Api.Change<PodDisruptionBudget>("default", "budget", budget =>
        {
            budget.Status.DisruptionsAllowed--;
            budget.Status.DisruptedPods[pod] = _rig.Time.GetUtcNow().ToTime();
        });
        await _rig.UntilAsync(() => Status() is { CurrentHealthy: 2, DisruptionsAllowed: 0 });
        Assert.Contains(pod, Status().DisruptedPods.Keys);
        await _rig.PassAsync(TimeSpan.FromSeconds(110));
        Assert.Equal(0, Status().DisruptionsAllowed);

        await _rig.UntilAsync(() => Status() is { CurrentHealthy: 3, DisruptionsAllowed: 1, DisruptedPods.Count: 0 });
    }

    [Fact]
    public async Task ReconcileAsync_ScaleOfTheOwnerOrTheBudgetChanges_IsCountedAnew()
    {
        _rig.Api.Seed(Set(2));
        _rig.Api.Seed(Budget("max", "50%"));
        _rig.Start("replicaset", "disruption");
        await _rig.UntilAsync(() => Status() is { ExpectedPods: 2, DisruptionsAllowed: 1 });

        _rig.Api.Change<ReplicaSet>("default", "web", set => set.Spec.Replicas = 4);
        await _rig.UntilAsync(() => Status() is { ExpectedPods: 4, CurrentHealthy: 4, DisruptionsAllowed: 2 });

        _rig.Api.Change<PodDisruptionBudget>("default", "budget", budget =>
        {
            budget.Spec.MaxUnavailable = new IntOrString { IntVal = 1 };
            budget.Metadata.Generation++;
        });
        await _rig.UntilAsync(() => Status() is { DisruptionsAllowed: 1, ObservedGeneration: 2 });
    }

    [Fact]
    public async Task ReconcileAsync_PodsOfNobody_AllowNothingByAShareAndAreCountedByANumber()
    {
        _rig.Api.Seed(Bare("a"));
        _rig.Api.Seed(Bare("b"));
        _rig.Api.Seed(Budget("max", "1"));
        _rig.Start("disruption");
        await _rig.UntilAsync(() => Status() is { CurrentHealthy: 2, ExpectedPods: 0, DisruptionsAllowed: 0 });
        await _rig.UntilAsync(() => _rig.Events.Any(e => e.StartsWith("UnmanagedPods", StringComparison.Ordinal)));

        _rig.Api.Change<PodDisruptionBudget>("default", "budget", budget =>
        {
            (budget.Spec.MaxUnavailable, budget.Spec.MinAvailable) = (null, new IntOrString { IntVal = 1 });
            budget.Metadata.Generation++;
        });
        await _rig.UntilAsync(() => Status() is { ExpectedPods: 2, DesiredHealthy: 1, DisruptionsAllowed: 1 });
    }

    [Fact]
    public async Task ReconcileAsync_OwnerWithoutAScale_FailsSafe()
    {
        var pod = Bare("a");
        pod.Metadata.OwnerReferences.Add(new Api.MetaV1.OwnerReference { ApiVersion = "batch/v1", Kind = "Job", Name = "work", Uid = "u", Controller = true });
        _rig.Api.Seed(pod);
        _rig.Api.Seed(Budget("max", "1"));
        _rig.Start("disruption");

        await _rig.UntilAsync(() => Status().Conditions.Any(condition => condition is { Type: "DisruptionAllowed", Status: "False", Reason: "SyncFailed" }));
        Assert.Equal("Failed to calculate the number of expected pods: found no controllers for pod \"a\"", Status().Conditions[0].Message);
        Assert.Equal(0, Status().DisruptionsAllowed);
    }

    private static Pod Bare(string name)
    {
        var pod = Make.Pod(name);
        pod.Metadata.Labels["app"] = "web";
        return pod;
    }

    private static ReplicaSet Set(int replicas) => new()
    {
        Metadata = new() { Namespace = "default", Name = "web", Generation = 1 },
        Spec = new() { Replicas = replicas, Selector = new() { MatchLabels = { ["app"] = "web" } }, Template = Make.Template() },
    };

    private static PodDisruptionBudget Budget(string kind, string amount)
    {
        var value = amount.EndsWith('%') ? new IntOrString { Type = 1, StrVal = amount } : new IntOrString { IntVal = int.Parse(amount, System.Globalization.CultureInfo.InvariantCulture) };
        return new()
        {
            Metadata = new() { Namespace = "default", Name = "budget", Generation = 1 },
            Spec = new()
            {
                Selector = new() { MatchLabels = { ["app"] = "web" } },
                MinAvailable = kind == "min" ? value : null,
                MaxUnavailable = kind == "max" ? value : null,
            },
        };
    }

    private PodDisruptionBudgetStatus Status() => _rig.Api.Find<PodDisruptionBudget>("default", "budget")!.Status ?? new();
}

using Cluster.Api.CoreV1;
using Cluster.Containers;
using Cluster.Kubelet.Lifecycle;
using Cluster.Kubelet.Probes;
using Cluster.Kubelet.Tests.Rigs;

namespace Cluster.Kubelet.Tests.Lifecycle;

public sealed class PodPlannerTests
{
    [Fact]
    public void Plan_WithNothingRunning_MakesASandbox() => Assert.Equal(0, Plan(PodsOf.Pod("p")).NewSandboxAttempt);

    [Fact]
    public void Plan_WithADeadSandbox_KillsWhatIsLeftAndCountsOn()
    {
        var plan = Plan(PodsOf.Pod("p"), Sandbox(ContainerRunState.Exited), Seen("main", ContainerRunState.Running));

        Assert.Equal(1, plan.NewSandboxAttempt);
        Assert.Single(plan.Kill);
    }

    [Theory]
    [InlineData("Always", 0, true)]
    [InlineData("Always", 1, true)]
    [InlineData("OnFailure", 1, true)]
    [InlineData("OnFailure", 0, false)]
    [InlineData("Never", 1, false)]
    public void Plan_AfterAnExit_FollowsTheRestartPolicy(string policy, int code, bool restarts)
    {
        var pod = PodsOf.Pod("p").With(pod => pod.Spec.RestartPolicy = policy);

        var plan = Plan(pod, Sandbox(), Seen("main", ContainerRunState.Exited, code: code));

        Assert.Equal(restarts, plan.Start.Count == 1);
        Assert.Equal(!restarts, plan.IsComplete);
        if (restarts) Assert.Equal(1, plan.Start[0].Attempt);
    }

    [Fact]
    public void Plan_WithInitContainers_RunsThemOneByOneFirst()
    {
        var pod = PodsOf.Pod("p").With(pod => pod.Spec.InitContainers.AddRange([PodsOf.Container("i1"), PodsOf.Container("i2")]));

        Assert.Equal("i1", Only(Plan(pod, Sandbox())));
        Assert.Empty(Plan(pod, Sandbox(), Seen("i1", ContainerRunState.Running)).Start);
        Assert.Equal("i2", Only(Plan(pod, Sandbox(), Seen("i1", ContainerRunState.Exited))));
        Assert.Equal("main", Only(Plan(pod, Sandbox(), Seen("i1", ContainerRunState.Exited), Seen("i2", ContainerRunState.Exited))));
    }

    [Fact]
    public void Plan_WithAFailedInitContainerAndNever_IsComplete()
    {
        var pod = PodsOf.Pod("p").With(pod =>
        {
            pod.Spec.InitContainers.Add(PodsOf.Container("i1"));
            pod.Spec.RestartPolicy = "Never";
        });

        Assert.True(Plan(pod, Sandbox(), Seen("i1", ContainerRunState.Exited, code: 1)).IsComplete);
    }

    [Fact]
    public void Plan_InANewSandbox_RunsInitContainersAgain()
    {
        var pod = PodsOf.Pod("p").With(pod => pod.Spec.InitContainers.Add(PodsOf.Container("i1")));

        var plan = Plan(pod, Sandbox(), Seen("i1", ContainerRunState.Exited, sandbox: "old"), Seen("main", ContainerRunState.Exited, sandbox: "old"));

        Assert.Equal("i1", Only(plan));
    }

    [Fact]
    public void Plan_WithASidecar_WaitsForItAndRunsItBesideTheOthers()
    {
        var pod = PodsOf.Pod("p").With(pod => pod.Spec.InitContainers.Add(PodsOf.Container("side").With(side => side.RestartPolicy = "Always")));

        Assert.Equal("side", Only(Plan(pod, Sandbox())));
        Assert.Equal("main", Only(Plan(pod, Sandbox(), Seen("side", ContainerRunState.Running))));
        Assert.Equal("side", Only(Plan(pod, Sandbox(), Seen("side", ContainerRunState.Exited), Seen("main", ContainerRunState.Running))));
    }

    [Fact]
    public void Plan_AfterAnImageChange_KillsTheContainer()
    {
        var pod = PodsOf.Pod("p").With(pod => pod.Spec.Containers[0].Image = "busybox:2");

        var kill = Assert.Single(Plan(pod, Sandbox(), Seen("main", ContainerRunState.Running)).Kill);

        Assert.Equal("Container main definition changed, will be restarted", kill.Message);
    }

    [Fact]
    public void Plan_WithAFailedLivenessProbe_KillsTheContainer()
    {
        var observed = new PodObservation([Sandbox(), Seen("main", ContainerRunState.Running)]);

        var plan = new PodPlanner(PodsOf.Pod("p").Spec, observed, _ => ProbeKind.Liveness, (_, _) => true).Plan();

        Assert.Equal("Container main failed liveness probe, will be restarted", Assert.Single(plan.Kill).Message);
    }

    [Fact]
    public void Plan_WithAnEphemeralContainer_StartsItOnce()
    {
        var pod = Debugged(target: "");
        SeenContainer main = Seen("main", ContainerRunState.Running), sandbox = Sandbox();

        Assert.Equal(("debug", "", 0), Started(Assert.Single(Plan(pod, sandbox, main).Start)));
        Assert.Empty(Plan(pod, sandbox, main, Seen("debug", ContainerRunState.Running)).Start);
        Assert.Empty(Plan(pod, sandbox, main, Seen("debug", ContainerRunState.Running)).Kill);
        Assert.Empty(Plan(pod, sandbox, main, Seen("debug", ContainerRunState.Exited, code: 1)).Start);
    }

    [Fact]
    public void Plan_WithAnEphemeralContainerForAnother_StartsItAmongItsProcesses()
    {
        var pod = Debugged(target: "main");

        Assert.Equal(("debug", "id-main", 0), Started(Assert.Single(Plan(pod, Sandbox(), Seen("main", ContainerRunState.Running)).Start)));
        Assert.Equal("main", Only(Plan(pod, Sandbox(), Seen("main", ContainerRunState.Exited))));
    }

    [Fact]
    public void Plan_WhileInitContainersRun_StartsEphemeralOnes()
    {
        var pod = Debugged(target: "i1").With(pod => pod.Spec.InitContainers.Add(PodsOf.Container("i1")));

        Assert.Equal("debug", Only(Plan(pod, Sandbox(), Seen("i1", ContainerRunState.Running))));
    }

    [Fact]
    public void Plan_WithAnEphemeralContainerThatRuns_IsCompleteOnceTheOthersAre()
    {
        var pod = Debugged(target: "").With(pod => pod.Spec.RestartPolicy = "Never");

        Assert.True(Plan(pod, Sandbox(), Seen("main", ContainerRunState.Exited), Seen("debug", ContainerRunState.Running)).IsComplete);
    }

    private static Pod Debugged(string target) => PodsOf.Pod("p").With(pod => pod.Spec.EphemeralContainers.Add(
        new EphemeralContainer { EphemeralContainerCommon = new() { Name = "debug", Image = "busybox:1" }, TargetContainerName = target }));

    private static (string Name, string ProcessesOf, int Attempt) Started(StartOrder order) => (order.Container.Name, order.ProcessesOf, order.Attempt);

    private static PodPlan Plan(Pod pod, params SeenContainer[] seen) =>
        new PodPlanner(pod.Spec, new PodObservation(seen), _ => null, (_, _) => true).Plan();

    private static string Only(PodPlan plan) => Assert.Single(plan.Start).Container.Name;

    private static SeenContainer Sandbox(ContainerRunState state = ContainerRunState.Running) =>
        Seen(ContainerLabels.SandboxName, state, sandbox: "", type: ContainerLabels.SandboxType);

    private static SeenContainer Seen(string name, ContainerRunState state, int code = 0, string sandbox = "id-POD", string type = ContainerLabels.ContainerType)
    {
        var row = new ObservedContainer
        {
            Id = "id-" + name,
            Name = name,
            State = state,
            CreatedAt = DateTimeOffset.UnixEpoch,
            Labels = new Dictionary<string, string>
            {
                [ContainerLabels.ContainerName] = name,
                [ContainerLabels.Type] = type,
                [ContainerLabels.SandboxId] = sandbox,
                [ContainerLabels.Hash] = ContainerHash.Of(PodsOf.Container(name)),
                [ContainerLabels.RestartCount] = "0",
            },
        };
        return new SeenContainer(row, new ContainerDetails { Id = row.Id, State = state, ExitCode = code });
    }
}

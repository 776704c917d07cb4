using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Api.Tables;

namespace Cluster.Api.Tests.Tables;

public class PodColumnsTests
{
    private static readonly DateTimeOffset Now = DateTimeOffset.FromUnixTimeSeconds(1_000_000);

    public static TheoryData<PodStatus, string, string> Statuses => new()
    {
        { new PodStatus { Phase = "Pending" }, "0/1", "Pending" },
        { OfMain("Running", Running(true)), "1/1", "Running" },
        { OfMain("Running", Running(false)), "0/1", "Running" },
        { OfMain("Succeeded", Ended(0, "Completed")), "0/1", "Completed" },
        { OfMain("Failed", Ended(1, "Error")), "0/1", "Error" },
        { OfMain("Failed", Ended(3, "")), "0/1", "ExitCode:3" },
        { OfMain("Pending", Waiting("ContainerCreating")), "0/1", "ContainerCreating" },
        { OfMain("Running", Waiting("CrashLoopBackOff")), "0/1", "CrashLoopBackOff" },
        { new PodStatus { Phase = "Failed", Reason = "Evicted" }, "0/1", "Evicted" },
        { Init(Running(false)), "0/1", "Init:0/1" },
        { Init(Waiting("PodInitializing")), "0/1", "Init:0/1" },
        { Init(Waiting("ImagePullBackOff")), "0/1", "Init:ImagePullBackOff" },
        { Init(Ended(2, "Error")), "0/1", "Init:Error" },
        { Init(Ended(2, "")), "0/1", "Init:ExitCode:2" },
    };

    [Theory]
    [MemberData(nameof(Statuses))]
    public void Cells_OfStatus_ShowReadyAndReason(PodStatus status, string ready, string reason)
    {
        var cells = Cells(PodWith(status));

        Assert.Equal([ready, reason], cells.Skip(1).Take(2));
    }

    [Fact]
    public void Cells_CompletedBesideRunning_IsNotReadyUntilThePodIs()
    {
        var pod = PodWith(OfMain("Running", Running(true)));
        pod.Status.ContainerStatuses.Add(Ended(0, "Completed"));
        Assert.Equal("NotReady", Cells(pod)[2]);

        pod.Status.SetCondition(new PodCondition { Type = "Ready", Status = "True" });
        Assert.Equal("Running", Cells(pod)[2]);
    }

    [Fact]
    public void Cells_Deleted_IsTerminatingUnlessItEndedOrItsNodeIsLost()
    {
        var pod = PodWith(OfMain("Running", Running(true)));
        pod.Metadata.DeletionTimestamp = new Time { Seconds = 1 };
        Assert.Equal("Terminating", Cells(pod)[2]);

        pod.Status.Reason = "NodeLost";
        Assert.Equal("Unknown", Cells(pod)[2]);
    }

    [Fact]
    public void Cells_Restarts_TellWhenLast()
    {
        var container = Running(true);
        container.RestartCount = 3;
        container.LastState = new ContainerState { Terminated = new ContainerStateTerminated { FinishedAt = new Time { Seconds = 1_000_000 - 300 } } };

        Assert.Equal("3 (5m ago)", Cells(PodWith(OfMain("Running", container)))[3]);
        Assert.Equal("0", Cells(PodWith(OfMain("Running", Running(true))))[3]);
    }

    [Fact]
    public void Cells_Wide_ShowWhereThePodIs()
    {
        var pod = PodWith(OfMain("Running", Running(true)));
        pod.Spec.NodeName = "n1";
        pod.Status.PodIPs.Add(new PodIP { Ip = "10.244.0.5" });

        Assert.Equal(["web", "1/1", "Running", "0", "100s", "10.244.0.5", "n1", "<none>", "<none>"], Cells(pod));
    }

    [Fact]
    public void Cells_Sidecar_CountsAmongTheReady()
    {
        var sidecar = Running(true);
        sidecar.Name = "side";
        sidecar.Started = true;
        var pod = PodWith(OfMain("Running", Running(true)));
        pod.Spec.InitContainers[0] = new Container { Name = "side", RestartPolicy = "Always" };
        pod.Status.InitContainerStatuses.Add(sidecar);

        Assert.Equal(["2/2", "Running"], Cells(pod).Skip(1).Take(2));
    }

    private static IReadOnlyList<object?> Cells(Pod pod) => TableColumns.For(ResourceCatalog.FindKind("v1", "Pod")!).Cells(pod, Now);

    private static Pod PodWith(PodStatus status) => new()
    {
        Metadata = new ObjectMeta { Name = "web", CreationTimestamp = new Time { Seconds = 1_000_000 - 100 } },
        Spec = new PodSpec { Containers = { new Container { Name = "main" } }, InitContainers = { new Container { Name = "init" } } },
        Status = status,
    };

    private static PodStatus OfMain(string phase, ContainerStatus container) => new() { Phase = phase, ContainerStatuses = { container } };

    private static PodStatus Init(ContainerStatus container) => new() { Phase = "Pending", InitContainerStatuses = { container } };

    private static ContainerStatus Running(bool ready) =>
        new() { Name = "main", Ready = ready, State = new ContainerState { Running = new ContainerStateRunning() } };

    private static ContainerStatus Waiting(string reason) =>
        new() { Name = "main", State = new ContainerState { Waiting = new ContainerStateWaiting { Reason = reason } } };

    private static ContainerStatus Ended(int code, string reason) => new()
    {
        Name = "main", State = new ContainerState { Terminated = new ContainerStateTerminated { ExitCode = code, Reason = reason } },
    };
}

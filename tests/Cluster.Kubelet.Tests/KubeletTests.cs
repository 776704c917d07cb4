using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Api.NodeV1;
using Cluster.Containers;
using Cluster.Kubelet.Tests.Rigs;
using Cluster.Testing;

namespace Cluster.Kubelet.Tests;

/// <summary>The kubelet's logic, whole, on a runtime in memory.</summary>
public sealed class KubeletTests : IAsyncDisposable
{
    private readonly FakeRuntime runtime = new();
    private readonly KubeletRig rig;

    public KubeletTests() => rig = new KubeletRig(runtime);

    public ValueTask DisposeAsync() => rig.DisposeAsync();

    [Fact]
    public async Task RunAsync_WithABoundPod_RunsItAndReportsItReady()
    {
        rig.Start();
        rig.Create(PodsOf.Pod("web", PodsOf.Container("a"), PodsOf.Container("b")));

        await rig.UntilAsync("web", status => status.Phase == "Running" && rig.Api.Find<Pod>("default", "web")!.IsReady());

        var status = rig.Status("web")!;
        Assert.StartsWith("10.244.0.", status.PodIP, StringComparison.Ordinal);
        Assert.Equal("192.0.2.10", status.HostIP);
        Assert.Equal("BestEffort", status.QosClass);
        Assert.All(status.ContainerStatuses, container => Assert.NotNull(container.State.Running));
        Assert.Equal(["PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled"], status.Conditions.Select(condition => condition.Type));
        await rig.UntilEventAsync("web", "Started", "Started container b");
        await rig.UntilEventAsync("web", "Pulled", "Container image \"busybox:1\" already present on machine");
    }

    [Theory]
    [InlineData("sandboxed", "RuntimeHandler \"runsc\" not supported")]
    [InlineData("none", "runtimeclass.node.k8s.io \"none\" not found")]
    public async Task RunAsync_WithARuntimeThisNodeDoesNotHave_StartsNothingAndSaysSo(string name, string why)
    {
        rig.Api.Seed(new RuntimeClass { Metadata = new() { Name = "sandboxed" }, Handler = "runsc" });
        rig.Start();
        rig.Create(PodsOf.Pod("vm").With(pod => pod.Spec.RuntimeClassName = name));

        await rig.UntilEventAsync("vm", "FailedCreatePodSandBox", $"Failed to create pod sandbox: {why}");

        Assert.Equal("Pending", rig.Status("vm")!.Phase);
        Assert.Equal(0, runtime.Count("sandbox"));
    }

    [Theory]
    [InlineData("docker")]
    [InlineData("plain")]
    public async Task RunAsync_WithTheEnginesOwnRuntime_RunsThePod(string handler)
    {
        rig.Api.Seed(new RuntimeClass { Metadata = new() { Name = "usual" }, Handler = handler });
        rig.Start();
        rig.Create(PodsOf.Pod("web").With(pod => pod.Spec.RuntimeClassName = "usual"));

        await rig.UntilAsync("web", status => status.Phase == "Running");
    }

    [Fact]
    public async Task RunAsync_WithAnEphemeralContainerAdded_RunsItOnceAndTellsItsState()
    {
        rig.Start();
        rig.Create(PodsOf.Pod("web"));
        await rig.UntilAsync("web", status => status.Phase == "Running");

        rig.Api.Change<Pod>("default", "web", pod => pod.Spec.EphemeralContainers.Add(
            new EphemeralContainer { EphemeralContainerCommon = new() { Name = "debug", Image = "busybox:1", ImagePullPolicy = "IfNotPresent" } }));
        await rig.UntilAsync("web", status => status.EphemeralContainerStatuses.FirstOrDefault()?.State.Running is not null);
        await rig.UntilEventAsync("web", "Started", "Started container debug");
        runtime.Exit("web", "debug", 3);
        await rig.UntilAsync("web", status => status.EphemeralContainerStatuses[0].State.Terminated?.ExitCode == 3);

        var status = rig.Status("web")!;
        Assert.Equal(("debug", 0, false, false), (status.EphemeralContainerStatuses[0].Name, status.EphemeralContainerStatuses[0].RestartCount, status.EphemeralContainerStatuses[0].Ready, status.EphemeralContainerStatuses[0].HasStarted));
        Assert.Equal("Running", status.Phase);
        Assert.True(rig.Api.Find<Pod>("default", "web")!.IsReady());
    }

    [Fact]
    public async Task RunAsync_OnceEverythingRuns_InspectsNothing()
    {
        rig.Start();
        for (var number = 0; number < 10; number++) rig.Create(PodsOf.Pod($"p{number}", PodsOf.Container("a"), PodsOf.Container("b")));
        for (var number = 0; number < 10; number++) await rig.UntilAsync($"p{number}", status => status.Phase == "Running");
        await Task.Delay(500);
        var (lists, inspects) = (runtime.Count("list"), runtime.Count("inspect"));

        await Eventually.True(() => runtime.Count("list") >= lists + 5, "five relists");

        Assert.Equal(inspects, runtime.Count("inspect"));
    }

    [Fact]
    public async Task RunAsync_WithACrashingContainer_RestartsAtOnceThenBacksOff()
    {
        rig.Start();
        rig.Create(PodsOf.Pod("crash"));
        await rig.UntilAsync("crash", status => status.Phase == "Running");

        runtime.Exit("crash", "main", 1);
        await rig.UntilAsync("crash", status => status.ContainerStatuses[0].RestartCount == 1 && status.ContainerStatuses[0].State.Running is not null);
        runtime.Exit("crash", "main", 7);
        await rig.UntilAsync("crash", status => status.ContainerStatuses[0].State.Waiting?.Reason == "CrashLoopBackOff");

        var container = rig.Status("crash")!.ContainerStatuses[0];
        Assert.Equal("back-off 10s restarting failed container=main pod=crash_default(uid-crash)", container.State.Waiting.Message);
        Assert.Equal((7, "Error"), (container.LastState.Terminated.ExitCode, container.LastState.Terminated.Reason));
        Assert.Equal("Running", rig.Status("crash")!.Phase);
        await rig.UntilEventAsync("crash", "BackOff", "Back-off restarting failed container main in pod crash_default(uid-crash)");
    }

    [Theory]
    [InlineData(0, "Succeeded")]
    [InlineData(3, "Failed")]
    public async Task RunAsync_WithRestartNever_EndsInThePhaseOfTheExitCode(int code, string phase)
    {
        rig.Start();
        rig.Create(PodsOf.Pod("job").With(pod => pod.Spec.RestartPolicy = "Never"));
        await rig.UntilAsync("job", status => status.Phase == "Running");

        runtime.Exit("job", "main", code);

        await rig.UntilAsync("job", status => status.Phase == phase);
        await Eventually.True(() => runtime.Running.Count == 0, "the sandbox to stop");
        Assert.NotNull(runtime.Find("job", "main"));
    }

    [Fact]
    public async Task RunAsync_WithInitContainers_StaysPendingUntilTheyAreDone()
    {
        rig.Start();
        rig.Create(PodsOf.Pod("init").With(pod => pod.Spec.InitContainers.Add(PodsOf.Container("setup"))));
        await rig.UntilAsync("init", status => status.InitContainerStatuses.Count == 1 && status.InitContainerStatuses[0].State.Running is not null);
        Assert.Equal("Pending", rig.Status("init")!.Phase);
        Assert.Equal("PodInitializing", rig.Status("init")!.ContainerStatuses[0].State.Waiting.Reason);

        runtime.Exit("init", "setup", 0);

        await rig.UntilAsync("init", status => status.Phase == "Running");
        Assert.Equal("Completed", rig.Status("init")!.InitContainerStatuses[0].State.Terminated.Reason);
    }

    [Fact]
    public async Task RunAsync_WhenAPodIsDeleted_StopsItGracefullyThenLetsItGo()
    {
        rig.Start();
        var pod = rig.Create(PodsOf.Pod("bye", PodsOf.Container("main").With(main =>
            main.Lifecycle = new Api.CoreV1.Lifecycle { PreStop = new LifecycleHandler { Exec = new ExecAction { Command = { "drain" } } } })));
        await rig.UntilAsync("bye", status => status.Phase == "Running");

        await rig.Api.DeleteAsync<Pod>("default", "bye", new DeleteOptions { GracePeriodSeconds = 30 }, CancellationToken.None);

        await Eventually.True(() => rig.Api.Find<Pod>("default", "bye") is null, "the pod to be gone");
        Assert.Equal(["exec drain", "stop main 30", "stop POD 10"], runtime.Commands);
        await Eventually.True(() => runtime.All.Count == 0, "its containers to be gone");
        Assert.False(Directory.Exists(Path.Combine(rig.Root, "pods", pod.Metadata.Uid)));
        await rig.UntilEventAsync("bye", "Killing", "Stopping container main");
    }

    [Fact]
    public async Task RunAsync_WhenAPodIsForcedAway_GivesItsContainersTheGraceOfTheDelete()
    {
        rig.Start();
        rig.Create(PodsOf.Pod("forced"));
        await rig.UntilAsync("forced", status => status.Phase == "Running");

        rig.Api.Change<Pod>("default", "forced", pod => pod.Metadata.DeletionGracePeriodSeconds = 1);
        rig.Api.Remove<Pod>("default", "forced");

        await Eventually.True(() => runtime.All.Count == 0, "its containers to be gone");
        Assert.Contains("stop main 1", runtime.Commands);
    }

    [Fact]
    public async Task RunAsync_AfterARestartOfTheKubelet_AdoptsRunningContainers()
    {
        rig.Start();
        rig.Create(PodsOf.Pod("kept"));
        await rig.UntilAsync("kept", status => status.Phase == "Running");
        var before = runtime.All.Select(row => row.Id).ToHashSet();
        var started = rig.Status("kept")!.StartTime;
        await rig.StopAsync();

        rig.Start();
        await Eventually.True(() => rig.Kubelet!.IsReady, "the kubelet");
        await Task.Delay(1000);

        Assert.Equal(before, runtime.All.Select(row => row.Id).ToHashSet());
        Assert.Equal(2, runtime.Running.Count);
        Assert.Equal(started, rig.Status("kept")!.StartTime);
        Assert.Equal(0, rig.Status("kept")!.ContainerStatuses[0].RestartCount);
    }

    [Fact]
    public async Task RunAsync_WithContainersOfAnUnknownPod_RemovesThem()
    {
        runtime.Seed(new ObservedContainer
        {
            Id = "stray",
            Name = "stray",
            State = ContainerRunState.Running,
            CreatedAt = DateTimeOffset.UnixEpoch,
            Labels = new Dictionary<string, string> { [ContainerLabels.PodUid] = "gone", [ContainerLabels.Type] = ContainerLabels.ContainerType, [ContainerLabels.ContainerName] = "c" },
        });
        Directory.CreateDirectory(Path.Combine(rig.Root, "pods", "other-gone"));

        rig.Start();

        await Eventually.True(() => runtime.All.Count == 0 && !Directory.Exists(Path.Combine(rig.Root, "pods", "other-gone")), "orphans to be gone");
    }

    [Fact]
    public async Task RunAsync_WithOneHangingPod_OthersRunAndEndAsEver()
    {
        runtime.HangingPod = "stuck";
        rig.Start();
        rig.Create(PodsOf.Pod("stuck"));
        await Eventually.True(() => runtime.Count("sandbox") == 1, "the stuck pod's first call");

        rig.Create(PodsOf.Pod("free"));
        await rig.UntilAsync("free", status => status.Phase == "Running", seconds: 5);
        await rig.Api.DeleteAsync<Pod>("default", "free", new DeleteOptions { GracePeriodSeconds = 1 }, CancellationToken.None);

        await Eventually.True(() => rig.Api.Find<Pod>("default", "free") is null, "the free pod to go", TimeSpan.FromSeconds(5));
        Assert.Equal("Pending", rig.Status("stuck")!.Phase);
    }

    [Fact]
    public async Task RunAsync_WithAnImageThatCantBePulled_SaysSoAndBacksOff()
    {
        runtime.PullError = "manifest unknown";
        rig.Start();
        rig.Create(PodsOf.Pod("noimage", PodsOf.Container("main").With(main => main.Image = "reg.local/none:1")));

        // The status says so too, but only until the next look at the pod: the event stays.
        await rig.UntilEventAsync("noimage", "Failed", "Error: ErrImagePull");
        await rig.UntilEventAsync("noimage", "Failed", "Failed to pull image \"reg.local/none:1\": manifest unknown");
        await rig.UntilAsync("noimage", status => status.ContainerStatuses[0].State.Waiting?.Reason == "ImagePullBackOff");

        Assert.Equal(1, runtime.Count("pull"));
        await rig.UntilEventAsync("noimage", "BackOff", "Back-off pulling image \"reg.local/none:1\"");
    }

    [Fact]
    public async Task RunAsync_WithPullPolicyNever_SaysErrImageNeverPull()
    {
        rig.Start();
        rig.Create(PodsOf.Pod("never", PodsOf.Container("main").With(main => (main.Image, main.ImagePullPolicy) = ("none:1", "Never"))));

        await rig.UntilAsync("never", status => status.ContainerStatuses[0].State.Waiting?.Reason == "ErrImageNeverPull");
    }

    [Fact]
    public async Task RunAsync_WithAMissingConfigMap_SaysCreateContainerConfigErrorUntilItIsThere()
    {
        rig.Start();
        rig.Create(PodsOf.Pod("cfg", PodsOf.Container("main").With(main => main.Env.Add(new EnvVar
        {
            Name = "KEY",
            ValueFrom = new EnvVarSource { ConfigMapKeyRef = new ConfigMapKeySelector { LocalObjectReference = new() { Name = "settings" }, Key = "k" } },
        }))));
        await rig.UntilAsync("cfg", status => status.ContainerStatuses[0].State.Waiting?.Reason == "CreateContainerConfigError");
        Assert.Equal("configmap \"settings\" not found", rig.Status("cfg")!.ContainerStatuses[0].State.Waiting.Message);

        rig.Api.Seed(new ConfigMap { Metadata = new() { Name = "settings", Namespace = "default" }, Data = { ["k"] = "v" } });

        await rig.UntilAsync("cfg", status => status.Phase == "Running");
        Assert.Contains("KEY=v", runtime.Spec("main").Environment);
    }

    [Fact]
    public async Task RunAsync_WithMoreThanTheNodeHas_FailsThePodAsOutOfCpu()
    {
        rig.Start();
        rig.Create(PodsOf.Pod("big", PodsOf.Container("main").Requesting("10000", "1Mi")));

        await rig.UntilAsync("big", status => status.Phase == "Failed");

        Assert.Equal("OutOfcpu", rig.Status("big")!.Reason);
        Assert.StartsWith("Pod was rejected: Node didn't have enough resource: cpu, requested: 10000000, used: 0,", rig.Status("big")!.Message, StringComparison.Ordinal);
        Assert.Empty(runtime.All);
    }

    [Fact]
    public async Task RunAsync_WithAReadinessProbe_IsReadyOnlyWhileItPasses()
    {
        var healthy = false;
        runtime.Exec = _ => new ExecResult(Volatile.Read(ref healthy) ? 0 : 1, "not yet", false);
        rig.Start();
        rig.Create(PodsOf.Pod("probed", PodsOf.Container("main").With(main => main.ReadinessProbe = ExecProbe(failures: 1))));
        await rig.UntilEventAsync("probed", "Unhealthy", "Readiness probe failed: not yet");
        await rig.UntilAsync("probed", status => status.Phase == "Running");
        Assert.False(rig.Api.Find<Pod>("default", "probed")!.IsReady());

        Volatile.Write(ref healthy, true);
        await Eventually.True(() => rig.Api.Find<Pod>("default", "probed")!.IsReady(), "ready");
        Volatile.Write(ref healthy, false);
        await Eventually.True(() => !rig.Api.Find<Pod>("default", "probed")!.IsReady(), "unready");
        Assert.Equal("containers with unready status: [main]", rig.Api.Find<Pod>("default", "probed")!.GetCondition("Ready")!.Message);
    }

    [Fact]
    public async Task RunAsync_AfterARestartOfTheKubelet_KeepsAReadyPodReady()
    {
        var hang = false;
        runtime.Exec = _ => new ExecResult(0, "", Volatile.Read(ref hang));
        rig.Start();
        rig.Create(PodsOf.Pod("steady", PodsOf.Container("main").With(main => main.ReadinessProbe = ExecProbe(failures: 100))));
        await Eventually.True(() => rig.Api.Find<Pod>("default", "steady")!.IsReady(), "ready");
        await rig.StopAsync();
        Volatile.Write(ref hang, true);

        rig.Start();
        await rig.UntilEventAsync("steady", "Unhealthy", "Readiness probe failed: command timed out");

        Assert.True(rig.Api.Find<Pod>("default", "steady")!.IsReady());
    }

    [Fact]
    public async Task RunAsync_WithAFailingLivenessProbe_RestartsTheContainer()
    {
        var alive = false;
        runtime.Exec = _ => new ExecResult(Volatile.Read(ref alive) ? 0 : 1, "dead", false);
        rig.Start();
        rig.Create(PodsOf.Pod("live", PodsOf.Container("main").With(main => main.LivenessProbe = ExecProbe(failures: 2))));

        await rig.UntilEventAsync("live", "Killing", "Container main failed liveness probe, will be restarted");
        Volatile.Write(ref alive, true);
        await rig.UntilAsync("live", status => status.ContainerStatuses[0].RestartCount >= 1 && status.ContainerStatuses[0].State.Running is not null, seconds: 30);
    }

    [Fact]
    public async Task RunAsync_WithServices_PutsTheirVariablesInTheEnvironment()
    {
        rig.Api.Seed(Service("default", "kubernetes", "10.96.0.1", 443));
        rig.Api.Seed(Service("default", "my-db", "10.96.0.7", 5432));
        rig.Api.Seed(Service("other", "hidden", "10.96.0.8", 80));
        rig.Start();
        rig.Create(PodsOf.Pod("env", PodsOf.Container("main", "run", "$(MY_DB_SERVICE_HOST)", "$$(X)", "$(NONE)")));
        await rig.UntilAsync("env", status => status.Phase == "Running");

        var spec = runtime.Spec("main");

        Assert.Contains("MY_DB_SERVICE_HOST=10.96.0.7", spec.Environment);
        Assert.Contains("KUBERNETES_PORT_443_TCP=tcp://10.96.0.1:443", spec.Environment);
        Assert.DoesNotContain(spec.Environment, variable => variable.StartsWith("HIDDEN", StringComparison.Ordinal));
        Assert.Equal(["run", "10.96.0.7", "$(X)", "$(NONE)"], spec.Command);
    }

    [Fact]
    public async Task RunAsync_OnItsNode_RegistersStatusAndLease()
    {
        rig.Start();

        await Eventually.True(() => rig.Api.Find<Node>(null, KubeletRig.Node)!.Status.Conditions.Any(condition => condition is { Type: "Ready", Status: "True" }), "a ready node");
        await Eventually.True(() => rig.Api.Find<Api.CoordinationV1.Lease>("kube-node-lease", KubeletRig.Node) is not null, "the lease");

        var node = rig.Api.Find<Node>(null, KubeletRig.Node)!;
        Assert.Equal(["MemoryPressure", "DiskPressure", "PIDPressure", "Ready"], node.Status.Conditions.Select(condition => condition.Type));
        Assert.Equal("110", node.Status.Capacity["pods"].String);
        Assert.Equal("fake://1", node.Status.NodeInfo.ContainerRuntimeVersion);
        Assert.Equal("linux", node.Metadata.Labels["kubernetes.io/os"]);
        Assert.Contains(node.Status.Addresses, address => address is { Type: "InternalIP", Address: "192.0.2.10" });
    }

    private static Probe ExecProbe(int failures) => new()
    {
        Handler = new ProbeHandler { Exec = new ExecAction { Command = { "check" } } }, PeriodSeconds = 1, TimeoutSeconds = 1, FailureThreshold = failures, SuccessThreshold = 1,
    };

    private static Service Service(string ns, string name, string address, int port) => new()
    {
        Metadata = new() { Name = name, Namespace = ns }, Spec = new() { ClusterIP = address, Ports = { new ServicePort { Port = port, Protocol = "TCP" } } },
    };
}

using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Containers;
using Cluster.Containers.Tests;
using Cluster.Kubelet.Tests.Rigs;
using Cluster.Testing;

namespace Cluster.Kubelet.Tests.Docker;

/// <summary>The kubelet on the real Docker engine.</summary>
public sealed class DockerKubeletTests : IAsyncLifetime
{
    private readonly DockerRig docker = new();
    private readonly CountingRuntime runtime;
    private readonly KubeletRig rig;

    public DockerKubeletTests()
    {
        if (DockerRig.Missing is { } missing) Assert.Skip(missing);
        runtime = new CountingRuntime(docker.Runtime);
        rig = new KubeletRig(runtime, docker.PodCidr);
    }

    public ValueTask InitializeAsync() => docker.InitializeAsync();

    public async ValueTask DisposeAsync()
    {
        await rig.StopAsync();
        await docker.DisposeAsync();
        await rig.DisposeAsync();
    }

    [Fact]
    public async Task Pod_WithTwoContainers_SharesNetworkVolumesAndNames()
    {
        rig.Api.Seed(new ConfigMap { Metadata = new() { Name = "settings", Namespace = "default" }, Data = { ["color"] = "blue" } });
        rig.Api.Seed(new Secret { Metadata = new() { Name = "hidden", Namespace = "default" }, Data = { ["password"] = Google.Protobuf.ByteString.CopyFromUtf8("s3cret") } });
        rig.Start();
        var pod = Pod("pair", Container("a", "sleep", "1000"), Container("b", "sleep", "1000"));
        pod.Metadata.Labels["app"] = "pair";
        pod.Spec.Volumes.AddRange([
            Volume("shared", new VolumeSource { EmptyDir = new EmptyDirVolumeSource() }),
            Volume("fast", new VolumeSource { EmptyDir = new EmptyDirVolumeSource { Medium = "Memory" } }),
            Volume("config", new VolumeSource { ConfigMap = new ConfigMapVolumeSource { LocalObjectReference = new() { Name = "settings" } } }),
            Volume("secret", new VolumeSource { Secret = new SecretVolumeSource { SecretName = "hidden", DefaultMode = 0b100_000_000 } }),
            Volume("token", new VolumeSource { Projected = Token() }),
        ]);
        foreach (var container in pod.Spec.Containers)
        {
            Mount(container, "shared", "/shared");
            Mount(container, "fast", "/fast");
            Mount(container, "config", "/config");
            Mount(container, "secret", "/secret");
            Mount(container, "token", "/var/run/secrets/kubernetes.io/serviceaccount");
        }

        rig.Create(pod);
        await rig.UntilAsync("pair", status => status.Phase == "Running");

        Assert.Equal("", await Exec("pair", "a", "echo hello > /shared/file; echo x > /fast/y"));
        Assert.Equal("hello\nx\n", await Exec("pair", "b", "cat /shared/file /fast/y"));
        Assert.Contains("tmpfs /fast", await Exec("pair", "a", "cat /proc/mounts"), StringComparison.Ordinal);
        Assert.Equal("blue", await Exec("pair", "a", "cat /config/color"));
        Assert.Equal("s3cret-r--------", await Exec("pair", "a", "cat /secret/password; echo -n $(ls -lL /secret/password | cut -c1-10)"));
        Assert.Equal("token-of-default-\nnode=node-1 app=\"pair\"", await Exec("pair", "a", "cd /var/run/secrets/kubernetes.io/serviceaccount; cat token; echo; echo -n node=; cat node; echo -n ' '; cat labels"));
        Assert.Contains("nameserver 10.96.0.10", await Exec("pair", "a", "cat /etc/resolv.conf"), StringComparison.Ordinal);
        Assert.Contains($"{rig.Status("pair")!.PodIP}\tpair", await Exec("pair", "b", "cat /etc/hosts"), StringComparison.Ordinal);
        Assert.Equal("pair\npair\n", await Exec("pair", "b", "hostname; cat /etc/hostname"));

        rig.Api.Change<ConfigMap>("default", "settings", map => map.Data["color"] = "green");
        await Eventually.True(async () => await Exec("pair", "b", "cat /config/color") == "green", "the changed ConfigMap");
    }

    [Fact]
    public async Task Pod_WithEnvironment_SeesFieldsAndResources()
    {
        rig.Start();
        var main = Container("main", "sleep", "1000").Requesting("250m", "64Mi");
        main.Env.AddRange([
            new EnvVar { Name = "NAME", ValueFrom = new EnvVarSource { FieldRef = new ObjectFieldSelector { FieldPath = "metadata.name" } } },
            new EnvVar { Name = "IP", ValueFrom = new EnvVarSource { FieldRef = new ObjectFieldSelector { FieldPath = "status.podIP" } } },
            new EnvVar { Name = "CPU", ValueFrom = new EnvVarSource { ResourceFieldRef = new ResourceFieldSelector { Resource = "requests.cpu", Divisor = new() { String = "1m" } } } },
            new EnvVar { Name = "GREETING", Value = "I am $(NAME)" },
        ]);
        rig.Create(Pod("env", main));
        await rig.UntilAsync("env", status => status.Phase == "Running");

        Assert.Equal($"env {rig.Status("env")!.PodIP} 250 I am env\n", await Exec("env", "main", "echo $NAME $IP $CPU $GREETING"));
    }

    [Fact]
    public async Task Pod_WithAnEphemeralContainer_ShowsItTheProcessesOfItsTarget()
    {
        rig.Start();
        rig.Create(Pod("debugged", Container("main", "sleep", "4242")));
        await rig.UntilAsync("debugged", status => status.Phase == "Running");

        rig.Api.Change<Pod>("default", "debugged", pod => pod.Spec.EphemeralContainers.Add(new EphemeralContainer
        {
            EphemeralContainerCommon = EphemeralContainers.FromContainer(Container("debug", "sleep", "1000")), TargetContainerName = "main",
        }));
        await rig.UntilAsync("debugged", status => status.EphemeralContainerStatuses.FirstOrDefault()?.State.Running is not null);

        Assert.Contains("sleep 4242", await Exec("debugged", "debug", "busybox ps"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pod_WhoseContainerIsKilled_GetsANewOneAndKeepsTheOldLog()
    {
        rig.Start();
        rig.Create(Pod("again", Container("main", "sh", "-c", "echo life; echo last words > /dev/termination-log; sleep 1000")));
        await rig.UntilAsync("again", status => status.Phase == "Running");
        var first = await Find("again", "main");

        await docker.Runtime.StopAsync(first.Id, TimeSpan.Zero, CancellationToken.None);

        await rig.UntilAsync("again", status => status.ContainerStatuses[0] is { RestartCount: 1, State.Running: not null });
        var last = rig.Status("again")!.ContainerStatuses[0].LastState.Terminated;
        Assert.Equal((137, "Error", "last words\n"), (last.ExitCode, last.Reason, last.Message));
    }

    [Fact]
    public async Task Pod_WhoseSandboxIsKilled_IsMadeAnew()
    {
        rig.Start();
        rig.Create(Pod("sandbox", Container("main", "sleep", "1000")));
        await rig.UntilAsync("sandbox", status => status.Phase == "Running");
        var sandbox = await Find("sandbox", ContainerLabels.SandboxName);

        await docker.Runtime.StopAsync(sandbox.Id, TimeSpan.FromSeconds(1), CancellationToken.None);

        await rig.UntilEventAsync("sandbox", "SandboxChanged", "Pod sandbox changed");
        await rig.UntilAsync("sandbox", status => status.ContainerStatuses[0] is { RestartCount: 1, State.Running: not null }, seconds: 40);
        Assert.Equal(1, (await Find("sandbox", ContainerLabels.SandboxName)).Attempt);
    }

    [Fact]
    public async Task Pod_WhenDeleted_LeavesNothingBehind()
    {
        rig.Start();
        var pod = Pod("gone", Container("main", "sh", "-c", "trap 'exit 0' TERM; while true; do sleep 0.1; done"));
        pod.Spec.Volumes.Add(Volume("fast", new VolumeSource { EmptyDir = new EmptyDirVolumeSource { Medium = "Memory" } }));
        Mount(pod.Spec.Containers[0], "fast", "/fast");
        rig.Create(pod);
        await rig.UntilAsync("gone", status => status.Phase == "Running");

        await rig.Api.DeleteAsync<Pod>("default", "gone", new DeleteOptions { GracePeriodSeconds = 20 }, CancellationToken.None);

        await Eventually.True(() => rig.Api.Find<Pod>("default", "gone") is null, "the pod to go", TimeSpan.FromSeconds(15));
        Assert.Empty(await docker.Runtime.ListAsync(CancellationToken.None));
        Assert.False(Directory.Exists(Path.Combine(rig.Root, "pods", pod.Metadata.Uid)));
    }

    [Fact]
    public async Task Kubelet_Restarted_AdoptsWhatRuns()
    {
        rig.Start();
        rig.Create(Pod("kept", Container("main", "sleep", "1000")));
        await rig.UntilAsync("kept", status => status.Phase == "Running");
        var before = await Find("kept", "main");
        await rig.StopAsync();

        rig.Start();
        await Eventually.True(() => rig.Kubelet!.IsReady, "the kubelet");
        var lists = runtime.Lists;
        await Eventually.True(() => runtime.Lists > lists + 10, "some relists");

        Assert.Equal(before.Id, (await Find("kept", "main")).Id);
        Assert.Equal(2, (await docker.Runtime.ListAsync(CancellationToken.None)).Count);
    }

    [Fact]
    public async Task Kubelet_WithManyContainersAtRest_ListsOnceARelistAndInspectsNone()
    {
        rig.Options = rig.Options with { RelistPeriod = TimeSpan.FromSeconds(1) };
        rig.Start();
        for (var number = 0; number < 3; number++) rig.Create(Pod($"rest{number}", Container("a", "sleep", "1000"), Container("b", "sleep", "1000")));
        for (var number = 0; number < 3; number++) await rig.UntilAsync($"rest{number}", status => status.Phase == "Running", seconds: 40);
        await Task.Delay(TimeSpan.FromSeconds(2));
        var (lists, inspects) = (runtime.Lists, runtime.Inspects);

        await Task.Delay(TimeSpan.FromSeconds(5));

        // A period and the spacing after each list: five or so in five seconds, for nine containers as for one.
        Assert.InRange(runtime.Lists - lists, 1, 5);
        Assert.Equal(inspects, runtime.Inspects);
    }

    [Fact]
    public async Task Pod_WithHttpAndTcpProbes_IsReadyWhileTheyPass()
    {
        rig.Start();
        var main = Container("main", "sh", "-c", "mkdir -p /www; touch /www/ok; httpd -f -p 8080 -h /www");
        main.Ports.Add(new ContainerPort { Name = "http", ContainerPort_ = 8080 });
        main.ReadinessProbe = Probe(new ProbeHandler { HttpGet = new HTTPGetAction { Path = "/ok", Port = IntOrStrings.FromString("http") } });
        main.LivenessProbe = Probe(new ProbeHandler { TcpSocket = new TCPSocketAction { Port = IntOrStrings.FromInt(8080) } });
        rig.Create(Pod("probed", main));
        await Eventually.True(() => rig.Api.Find<Pod>("default", "probed")!.IsReady(), "ready");

        await Exec("probed", "main", "busybox rm /www/ok");

        await Eventually.True(() => !rig.Api.Find<Pod>("default", "probed")!.IsReady(), "unready");
        await rig.UntilEventAsync("probed", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 404");
        Assert.Equal(0, rig.Status("probed")!.ContainerStatuses[0].RestartCount);
    }

    [Fact]
    public async Task Pod_WithAHostPort_AnswersOnTheHostAndToOtherPods()
    {
        var port = FreePort.Tcp();
        rig.Start();
        var server = Container("main", "sh", "-c", "mkdir -p /www; echo served > /www/index.html; httpd -f -p 80 -h /www");
        server.Ports.Add(new ContainerPort { ContainerPort_ = 80, HostPort = port, Protocol = "TCP" });
        rig.Create(Pod("server", server));
        rig.Create(Pod("client", Container("main", "sleep", "1000")));
        await rig.UntilAsync("server", status => status.Phase == "Running");
        await rig.UntilAsync("client", status => status.Phase == "Running");
        using var http = new HttpClient();

        await Eventually.True(async () => await Exec("client", "main", $"wget -q -O - http://{rig.Status("server")!.PodIP}/") == "served\n", "the other pod's answer");
        Assert.Equal("served\n", await http.GetStringAsync($"http://127.0.0.1:{port}/"));
    }

    [Fact]
    public async Task Pod_WhoseContainerIsRemovedByHand_GetsANewOneThatCounts()
    {
        rig.Start();
        rig.Create(Pod("removed", Container("main", "sleep", "1000")));
        await rig.UntilAsync("removed", status => status.Phase == "Running");

        await docker.Runtime.RemoveAsync((await Find("removed", "main")).Id, CancellationToken.None);

        await rig.UntilAsync("removed", status => status.ContainerStatuses[0] is { RestartCount: 1, State.Running: not null });
    }

    [Fact]
    public async Task Pod_OnTheHostsNetwork_HasTheNodesAddress()
    {
        rig.Start();
        rig.Create(Pod("host", Container("main", "sleep", "1000")).With(pod => pod.Spec.HostNetwork = true));

        await rig.UntilAsync("host", status => status.Phase == "Running");

        Assert.Equal("192.0.2.10", rig.Status("host")!.PodIP);
        Assert.Contains(docker.Name, await Exec("host", "main", "ls /sys/class/net"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Pod_WithAMissingProgram_SaysRunContainerError()
    {
        rig.Start();
        rig.Create(Pod("missing", Container("main", "/no/such/program")));

        await rig.UntilEventAsync("missing", "Failed", "no such file or directory");
        await rig.UntilAsync("missing", status => status.ContainerStatuses[0].State.Waiting?.Reason is "RunContainerError" or "CrashLoopBackOff");
    }

    private static Pod Pod(string name, params Container[] containers) => PodsOf.Pod(name, containers).With(pod =>
    {
        pod.Metadata.Uid = Guid.NewGuid().ToString();
        pod.Spec.TerminationGracePeriodSeconds = 1;
    });

    private Container Container(string name, params string[] command) => PodsOf.Container(name, command).With(container => container.Image = docker.Image);

    private static Probe Probe(ProbeHandler handler) => new() { Handler = handler, PeriodSeconds = 1, TimeoutSeconds = 1, FailureThreshold = 2, SuccessThreshold = 1 };

    private static Volume Volume(string name, VolumeSource source) => new() { Name = name, VolumeSource = source };

    private static void Mount(Container container, string volume, string path) => container.VolumeMounts.Add(new VolumeMount { Name = volume, MountPath = path });

    private static ProjectedVolumeSource Token() => new()
    {
        Sources =
        {
            new VolumeProjection { ServiceAccountToken = new ServiceAccountTokenProjection { Path = "token", ExpirationSeconds = 3600 } },
            new VolumeProjection
            {
                DownwardAPI = new DownwardAPIProjection
                {
                    Items =
                    {
                        new DownwardAPIVolumeFile { Path = "node", FieldRef = new ObjectFieldSelector { FieldPath = "spec.nodeName" } },
                        new DownwardAPIVolumeFile { Path = "labels", FieldRef = new ObjectFieldSelector { FieldPath = "metadata.labels" } },
                    },
                },
            },
        },
    };

    private async Task<ObservedContainer> Find(string pod, string container) =>
        (await docker.Runtime.ListAsync(CancellationToken.None)).Where(row => row.PodName == pod && row.ContainerName == container).MaxBy(row => row.Attempt)!;

    private async Task<string> Exec(string pod, string container, string script)
    {
        var done = await docker.Runtime.ExecAsync((await Find(pod, container)).Id, ["sh", "-c", script], TimeSpan.FromSeconds(10), CancellationToken.None);
        return done.Output;
    }
}

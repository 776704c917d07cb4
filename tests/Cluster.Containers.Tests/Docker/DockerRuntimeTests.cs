using System.Diagnostics;
using System.Text;
using Cluster.Containers.Docker;
using Cluster.Testing;
using Cluster.Containers.Network;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Containers.Tests.Docker;

/// <summary>The runtime against the real engine.</summary>
public sealed class DockerRuntimeTests : IClassFixture<DockerRig>
{
    private static readonly CancellationToken None = CancellationToken.None;
    private readonly DockerRig rig;

    public DockerRuntimeTests(DockerRig rig)
    {
        if (DockerRig.Missing is { } missing) Assert.Skip(missing);
        this.rig = rig;
    }

    [Fact]
    public async Task RunSandboxAsync_WithContainer_SharesTheNetworkAndIsListedOnce()
    {
        var (sandbox, container) = await RunAsync("share", "sleep 1000");

        var seen = await rig.Runtime.ListAsync(None);

        var pause = Assert.Single(seen, row => row.Id == sandbox);
        Assert.True(pause.IsSandbox);
        Assert.StartsWith("10.213.", pause.Address, StringComparison.Ordinal);
        Assert.Equal("share", Assert.Single(seen, row => row.Id == container).PodName);
        var address = await rig.Runtime.ExecAsync(container, ["busybox", "ip", "-4", "addr", "show", "eth0"], TimeSpan.FromSeconds(10), None);
        Assert.Contains(pause.Address, address.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task StopAsync_OfASandbox_EndsAtOnceWithExitCodeZero()
    {
        var (sandbox, _) = await RunAsync("stop", "true");

        var clock = Stopwatch.StartNew();
        await rig.Runtime.StopAsync(sandbox, TimeSpan.FromSeconds(10), None);

        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(8));
        var details = await rig.Runtime.InspectAsync(sandbox, None);
        Assert.Equal((ContainerRunState.Exited, 0), (details.State, details.ExitCode));
    }

    [Fact]
    public async Task StopAsync_WithoutGrace_KillsUnasked()
    {
        var (_, container) = await RunAsync("kill", "trap 'exit 7' TERM; echo ready; while :; do sleep 0.1; done");
        await Eventually.True(async () => (await LogsAsync(container, new LogQuery())).Contains("ready", StringComparison.Ordinal));

        await rig.Runtime.StopAsync(container, TimeSpan.Zero, None);
        await rig.Runtime.StopAsync(container, TimeSpan.Zero, None);

        Assert.Equal(137, (await rig.Runtime.InspectAsync(container, None)).ExitCode);
    }

    [Fact]
    public async Task InspectAsync_AfterExit_TellsCodeAndTimes()
    {
        var (_, container) = await RunAsync("exit", "exit 42");

        var details = await UntilAsync(container, ContainerRunState.Exited);

        Assert.Equal(42, details.ExitCode);
        Assert.NotNull(details.StartedAt);
        Assert.True(details.FinishedAt >= details.StartedAt);
    }

    [Fact]
    public async Task ExecAsync_OfCommands_TellsExitCodeOutputAndTimeout()
    {
        var (_, container) = await RunAsync("exec", "sleep 1000");

        var failed = await rig.Runtime.ExecAsync(container, ["sh", "-c", "echo out; echo err >&2; exit 3"], TimeSpan.FromSeconds(10), None);
        var hung = await rig.Runtime.ExecAsync(container, ["sleep", "100"], TimeSpan.FromMilliseconds(300), None);

        Assert.Equal((3, false), (failed.ExitCode, failed.TimedOut));
        Assert.Contains("out", failed.Output, StringComparison.Ordinal);
        Assert.Contains("err", failed.Output, StringComparison.Ordinal);
        Assert.True(hung.TimedOut);
    }

    [Fact]
    public async Task CopyLogsAsync_WithTail_GivesTheLastLines()
    {
        var (_, container) = await RunAsync("logs", "echo one; echo two; echo three >&2");
        await UntilAsync(container, ContainerRunState.Exited);

        var all = await LogsAsync(container, new LogQuery());
        var tail = await LogsAsync(container, new LogQuery { TailLines = 1 });
        var stamped = await LogsAsync(container, new LogQuery { Timestamps = true });

        Assert.Equal(["one", "three", "two"], all.Trim().Split('\n').Order());
        Assert.Single(tail.Trim().Split('\n'));
        Assert.Matches(@"(?m)^\d{4}-\d\d-\d\dT\S+Z one$", stamped);
    }

    [Fact]
    public async Task CopyLogsAsync_OfATerminal_GivesItsTextAlone()
    {
        var (sandbox, _) = await RunAsync("tty", "true");
        var id = await rig.Runtime.CreateAsync(Container("tty2", sandbox, "echo hello") with { Tty = true }, None);
        await rig.Runtime.StartAsync(id, None);
        await UntilAsync(id, ContainerRunState.Exited);

        Assert.Equal("hello\r\n", await LogsAsync(id, new LogQuery()));
    }

    [Fact]
    public async Task CopyLogsAsync_WithFollow_EndsWithTheContainer()
    {
        var (_, container) = await RunAsync("follow", "echo one; sleep 1; echo two");
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        var output = new MemoryStream();

        await rig.Runtime.CopyLogsAsync(container, new LogQuery { Follow = true }, output, limit.Token);

        Assert.Equal("one\ntwo\n", Encoding.UTF8.GetString(output.ToArray()));
    }

    [Fact]
    public async Task WatchAsync_WhileAContainerRuns_ReportsStartAndDeath()
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(30));
        var seen = new List<RuntimeEventType>();
        var watching = Task.Run(
            async () =>
            {
                await foreach (var change in rig.Runtime.WatchAsync(limit.Token))
                {
                    if (change.PodUid != "uid-events") continue;
                    seen.Add(change.Type);
                    if (seen.Contains(RuntimeEventType.Died)) return;
                }
            },
            limit.Token);
        await Task.Delay(300, limit.Token);

        await RunAsync("events", "true");
        await watching;

        Assert.Contains(RuntimeEventType.Started, seen);
    }

    [Fact]
    public async Task CreateAsync_WithANameInUse_ReplacesTheHolder()
    {
        var (sandbox, first) = await RunAsync("again", "sleep 1000");

        var second = await rig.Runtime.CreateAsync(Container("again", sandbox, "sleep 1000"), None);

        Assert.DoesNotContain(await rig.Runtime.ListAsync(None), row => row.Id == first);
        Assert.Contains(await rig.Runtime.ListAsync(None), row => row.Id == second);
    }

    [Fact]
    public async Task StartAsync_OfAMissingProgram_FailsWithTheEnginesWords()
    {
        var (sandbox, _) = await RunAsync("missing", "true");
        var id = await rig.Runtime.CreateAsync(Container("missing2", sandbox, "x") with { Command = ["/no/such"] }, None);

        var failure = await Assert.ThrowsAsync<RuntimeException>(() => rig.Runtime.StartAsync(id, None));

        Assert.Contains("no such file or directory", failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task CreateAsync_Privileged_StartsWhateverTheHostAllows()
    {
        var (sandbox, _) = await RunAsync("priv", "true");
        var spec = Container("priv2", sandbox, "sleep 1000") with { Security = new ContainerSecurity { Privileged = true } };

        var id = await rig.Runtime.CreateAsync(spec, None);
        await rig.Runtime.StartAsync(id, None);

        var mount = await rig.Runtime.ExecAsync(id, ["sh", "-c", "busybox mkdir -p /mnt && busybox mount -t tmpfs none /mnt"], TimeSpan.FromSeconds(10), None);
        Assert.Equal(0, mount.ExitCode);
    }

    [Fact]
    public async Task PullImageAsync_OfAnUnknownImage_IsRefused()
    {
        var failure = await Assert.ThrowsAsync<RuntimeException>(() => rig.Runtime.PullImageAsync("127.0.0.1:9/none:1", null, None));

        Assert.Contains("127.0.0.1:9", failure.Message, StringComparison.Ordinal);
        Assert.Null(await rig.Runtime.FindImageAsync("127.0.0.1:9/none:1", None));
    }

    [Fact]
    public async Task EnsureNetworkAsync_AfterRulesWereDeleted_RestoresThem()
    {
        await ShellAsync($"nft delete table ip {rig.Name}; iptables -w -D DOCKER-USER -s {rig.PodCidr} -m comment --comment {rig.Name} -j ACCEPT");

        await rig.Runtime.EnsureNetworkAsync(rig.PodCidr, None);
        await rig.Runtime.EnsureNetworkAsync(rig.PodCidr, None);

        Assert.Contains("masquerade", await ShellAsync($"nft list table ip {rig.Name}"), StringComparison.Ordinal);
        var rules = await ShellAsync("iptables -w -S DOCKER-USER");
        Assert.Equal(2, rules.Split('\n').Count(line => line.Contains(rig.PodCidr, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task EnsureNetworkAsync_OverAnExistingRoute_SaysWhichOne()
    {
        var network = new NodeNetworkOptions { Name = rig.Name + "b", Bridge = rig.Name + "b", Table = rig.Name + "b" };
        using var other = new DockerRuntime(rig.Options with { Network = network }, NullLoggerFactory.Instance);

        var failure = await Assert.ThrowsAsync<RuntimeException>(() => other.EnsureNetworkAsync(rig.PodCidr, None));

        Assert.Equal(RuntimeFailure.Conflict, failure.Failure);
        Assert.Equal($"the pod range {rig.PodCidr} overlaps the route {rig.PodCidr} (device {rig.Name}) of this machine: choose another cluster range", failure.Message);
    }

    [Fact]
    public async Task RunSandboxAsync_NameOfAnotherNodesContainer_IsRefusedAndLeftAlone()
    {
        var (sandbox, _) = await RunAsync("foreign", "sleep 100000");
        using var other = new DockerRuntime(rig.Options with { Instance = rig.Name + "-other" }, NullLoggerFactory.Instance);
        var failure = await Assert.ThrowsAsync<RuntimeException>(() => other.RunSandboxAsync(
            new SandboxSpec { Name = SandboxName("foreign"), Hostname = "foreign", Labels = Labels("foreign", true) }, None));

        Assert.Equal(RuntimeFailure.Conflict, failure.Failure);
        Assert.Contains("belongs to a container that is not of this node", failure.Message, StringComparison.Ordinal);
        Assert.Equal(ContainerRunState.Running, (await rig.Runtime.InspectAsync(sandbox, None)).State);
        // Its own is replaced, as a create is whose answer got lost.
        var again = await rig.Runtime.RunSandboxAsync(
            new SandboxSpec { Name = SandboxName("foreign"), Hostname = "foreign", Labels = Labels("foreign", true) }, None);
        Assert.NotEqual(sandbox, again);
    }

    private async Task<(string Sandbox, string Container)> RunAsync(string pod, string script)
    {
        var sandbox = await rig.Runtime.RunSandboxAsync(
            new SandboxSpec { Name = SandboxName(pod), Hostname = pod, Labels = Labels(pod, true) }, None);
        var container = await rig.Runtime.CreateAsync(Container(pod, sandbox, script), None);
        await rig.Runtime.StartAsync(container, None);
        return (sandbox, container);
    }

    private ContainerSpec Container(string pod, string sandbox, string script) => new()
    {
        Name = $"k8s_{rig.Name}_{pod}",
        Image = rig.Image,
        SandboxId = sandbox,
        Labels = Labels(pod, false),
        Command = ["sh", "-c", script],
    };

    // Names are the engine's, and another run of these tests may use it too: each rig has its own.
    private string SandboxName(string pod) => ContainerNames.MakeSandbox(pod, "ns", $"uid-{rig.Name}-{pod}", 0);

    private static Dictionary<string, string> Labels(string pod, bool sandbox) => new()
    {
        [ContainerLabels.PodName] = pod,
        [ContainerLabels.PodUid] = "uid-" + pod,
        [ContainerLabels.Type] = sandbox ? ContainerLabels.SandboxType : ContainerLabels.ContainerType,
    };

    private async Task<ContainerDetails> UntilAsync(string id, ContainerRunState state)
    {
        using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(20));
        while (true)
        {
            var details = await rig.Runtime.InspectAsync(id, limit.Token);
            if (details.State == state) return details;
            await Task.Delay(50, limit.Token);
        }
    }

    private async Task<string> LogsAsync(string id, LogQuery query)
    {
        var output = new MemoryStream();
        await rig.Runtime.CopyLogsAsync(id, query, output, None);
        return Encoding.UTF8.GetString(output.ToArray());
    }

    private static async Task<string> ShellAsync(string script)
    {
        using var shell = Process.Start(new ProcessStartInfo("sh", ["-c", script]) { RedirectStandardOutput = true })!;
        var output = await shell.StandardOutput.ReadToEndAsync();
        await shell.WaitForExitAsync();
        return output;
    }
}

using System.Security.Cryptography;
using System.Text;
using Cluster.Testing;

namespace Cluster.Containers.Tests.Docker;

/// <summary>Streams of commands and containers, by the real engine.</summary>
public sealed class DockerSessionTests : IClassFixture<DockerRig>
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);
    private readonly DockerRig rig;

    public DockerSessionTests(DockerRig rig)
    {
        if (DockerRig.Missing is { } missing) Assert.Skip(missing);
        this.rig = rig;
    }

    [Fact]
    public async Task Exec_OfACommand_TellsBothOutputsAndTheExitCode()
    {
        using var limit = new CancellationTokenSource(Limit);
        var container = await RunAsync("plain", false, limit.Token);
        await using var session = await rig.Runtime.StartExecAsync(container, Shell("echo out; echo err >&2; exit 7", stdin: false), limit.Token);

        var (output, error) = await ReadAllAsync(session, limit.Token);

        Assert.Equal(("out\n", "err\n", 7), (Text(output), Text(error), await session.WaitAsync(limit.Token)));
    }

    [Fact]
    public async Task Exec_WithInput_PassesMegabytesBothWaysAndTheEnd()
    {
        using var limit = new CancellationTokenSource(Limit);
        var container = await RunAsync("bulk", false, limit.Token);
        var sent = RandomNumberGenerator.GetBytes(5_000_000);
        await using var session = await rig.Runtime.StartExecAsync(container, Shell("cat; echo end >&2"), limit.Token);

        var reading = ReadAllAsync(session, limit.Token);
        for (var at = 0; at < sent.Length; at += 50_000) await session.WriteAsync(sent.AsMemory(at, 50_000), limit.Token);
        session.CloseInput();
        var (output, error) = await reading;

        Assert.True(sent.AsSpan().SequenceEqual(output));
        Assert.Equal(("end\n", 0), (Text(error), await session.WaitAsync(limit.Token)));
    }

    [Fact]
    public async Task Exec_WithATerminal_HasASizeAndOneOutput()
    {
        using var limit = new CancellationTokenSource(Limit);
        var container = await RunAsync("tty", false, limit.Token);
        await using var session = await rig.Runtime.StartExecAsync(container, Shell("read line; busybox stty size; exit 3") with { Tty = true }, limit.Token);

        await session.ResizeAsync(91, 33, limit.Token);
        await session.WriteAsync("go\n"u8.ToArray(), limit.Token);
        var (output, error) = await ReadAllAsync(session, limit.Token);

        Assert.Equal(("go\r\n33 91\r\n", 0, 3), (Text(output), error.Length, await session.WaitAsync(limit.Token)));
    }

    [Fact]
    public async Task Exec_WithATerminalLetGo_HangsUp()
    {
        using var limit = new CancellationTokenSource(Limit);
        var container = await RunAsync("hangup", false, limit.Token);
        var session = await rig.Runtime.StartExecAsync(container, Shell("echo ready; exec sleep 4321") with { Tty = true }, limit.Token);
        await session.ReadAsync(new byte[100], limit.Token);

        await session.DisposeAsync();

        await Eventually.True(async () =>
            !(await rig.Runtime.ExecAsync(container, ["busybox", "ps"], Limit, limit.Token)).Output.Contains("sleep 4321", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Exec_WhoseContainerDies_EndsWithAnExitCode()
    {
        using var limit = new CancellationTokenSource(Limit);
        var container = await RunAsync("dies", false, limit.Token);
        await using var session = await rig.Runtime.StartExecAsync(container, Shell("echo ready; sleep 1000"), limit.Token);
        await session.ReadAsync(new byte[100], limit.Token);

        await rig.Runtime.StopAsync(container, TimeSpan.Zero, limit.Token);
        await ReadAllAsync(session, limit.Token);

        Assert.Equal(137, await session.WaitAsync(limit.Token));
    }

    [Fact]
    public async Task Attach_ToAContainer_PassesItsInputAndOutput()
    {
        using var limit = new CancellationTokenSource(Limit);
        var container = await RunAsync("attach", true, limit.Token);
        await using var session = await rig.Runtime.AttachAsync(
            container, new SessionSpec { Stdin = true, Stdout = true, Stderr = true }, limit.Token);

        await session.WriteAsync("echo got it; exit\n"u8.ToArray(), limit.Token);
        var (output, _) = await ReadAllAsync(session, limit.Token);

        Assert.Equal(("got it\n", 0), (Text(output), await session.WaitAsync(limit.Token)));
    }

    [Fact]
    public async Task Attach_ToAContainerThatHasEnded_IsRefused()
    {
        using var limit = new CancellationTokenSource(Limit);
        var container = await RunAsync("ended", false, limit.Token);
        await rig.Runtime.StopAsync(container, TimeSpan.Zero, limit.Token);

        var failure = await Assert.ThrowsAsync<RuntimeException>(
            () => rig.Runtime.AttachAsync(container, new SessionSpec { Stdin = true, Stdout = true }, limit.Token));

        Assert.Equal((RuntimeFailure.Conflict, $"container not running ({container})"), (failure.Failure, failure.Message));
    }

    [Fact]
    public async Task Attach_ToAContainerThatEndsLater_EndsWithIt()
    {
        using var limit = new CancellationTokenSource(Limit);
        var container = await RunAsync("ends", false, limit.Token);
        await using var session = await rig.Runtime.AttachAsync(container, new SessionSpec { Stdout = true }, limit.Token);

        await rig.Runtime.StopAsync(container, TimeSpan.Zero, limit.Token);

        Assert.Equal(default, await session.ReadAsync(new byte[100], limit.Token));
    }

    [Fact]
    public async Task Exec_InWhatIsNotThere_IsNotFound()
    {
        var failure = await Assert.ThrowsAsync<RuntimeException>(
            () => rig.Runtime.StartExecAsync("none", Shell("true"), CancellationToken.None));

        Assert.Equal(RuntimeFailure.NotFound, failure.Failure);
    }

    private static SessionSpec Shell(string script, bool stdin = true) =>
        new() { Command = ["sh", "-c", script], Stdin = stdin, Stdout = true, Stderr = true };

    private static string Text(byte[] bytes) => Encoding.UTF8.GetString(bytes);

    private static async Task<(byte[] Output, byte[] Error)> ReadAllAsync(IContainerSession session, CancellationToken cancellationToken)
    {
        var buffer = new byte[32 * 1024];
        using MemoryStream output = new(), error = new();
        while (await session.ReadAsync(buffer, cancellationToken) is { Count: > 0 } read) (read.IsError ? error : output).Write(buffer, 0, read.Count);
        return (output.ToArray(), error.ToArray());
    }

    private async Task<string> RunAsync(string pod, bool shell, CancellationToken cancellationToken)
    {
        var sandbox = await rig.Runtime.RunSandboxAsync(
            new SandboxSpec { Name = SandboxName(pod), Hostname = pod, Labels = Labels(pod, true) }, cancellationToken);
        var container = await rig.Runtime.CreateAsync(
            new ContainerSpec
            {
                Name = $"k8s_{rig.Name}_{pod}", Image = rig.Image, SandboxId = sandbox, Labels = Labels(pod, false), Stdin = shell,
                Command = shell ? ["sh"] : ["sleep", "100000"],
            },
            cancellationToken);
        await rig.Runtime.StartAsync(container, cancellationToken);
        return container;
    }

    // Names are the engine's, and another run of these tests may use it too: each rig has its own.
    private string SandboxName(string pod) => ContainerNames.MakeSandbox(pod, "ns", $"uid-{rig.Name}-{pod}", 0);

    private static Dictionary<string, string> Labels(string pod, bool sandbox) => new()
    {
        [ContainerLabels.PodName] = pod,
        [ContainerLabels.PodUid] = "uid-" + pod,
        [ContainerLabels.Type] = sandbox ? ContainerLabels.SandboxType : ContainerLabels.ContainerType,
    };
}

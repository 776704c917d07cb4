using System.Diagnostics;
using System.Net.Sockets;
using System.Security.Cryptography;

namespace Cluster.EndToEnd.Tests;

/// <summary>exec, attach, cp, port-forward and proxy by stock kubectl: 1.32 speaks WebSocket, 1.20 SPDY, and 1.32 SPDY too where it is told.</summary>
[Collection(SharedCluster.Name)]
public sealed class StreamingTests(RunningCluster cluster)
{
    private const int Megabytes = 10_000_000;

    public static TheoryData<string, string> Clients() => new()
    {
        { Machine.Kubectl132, "WebSocket" }, { Machine.Kubectl132, "SPDY" }, { Machine.Kubectl120, "SPDY" },
    };

    private static CancellationToken Cancel => TestContext.Current.CancellationToken;

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Exec_PassesOutputErrorsInputAndExitCode(string binary, string framing)
    {
        Kubectl kubectl = await StartAsync(binary, framing);

        CommandResult failed = await kubectl.TryAsync("exec", "target", "-c", "main", "--", "sh", "-c", "echo out; echo err >&2; exit 7");
        Assert.Equal((7, "out\n"), (failed.ExitCode, failed.Output));
        Assert.Equal("err\ncommand terminated with exit code 7\n", failed.Error);

        CommandResult input = await kubectl.TryWithInputAsync("hello\n", "exec", "-i", "target", "-c", "main", "--", "sh", "-c", "cat; echo after");
        Assert.Equal((0, "hello\nafter\n"), (input.ExitCode, input.Output));

        CommandResult early = await kubectl.TryWithInputAsync(new string('x', 500_000), "exec", "-i", "target", "-c", "main", "--", "head", "-c", "3");
        Assert.Equal((0, "xxx"), (early.ExitCode, early.Output));

        Assert.Equal(126, (await kubectl.TryAsync("exec", "target", "-c", "main", "--", "no-such-command")).ExitCode);
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Exec_CarriesMegabytesBothWays(string binary, string framing)
    {
        Kubectl kubectl = await StartAsync(binary, framing);
        byte[] sent = RandomNumberGenerator.GetBytes(Megabytes);

        using Process cat = kubectl.Start("exec", "-i", "target", "-c", "main", "--", "cat");
        using var received = new MemoryStream();
        Task reading = cat.StandardOutput.BaseStream.CopyToAsync(received, Cancel);
        await cat.StandardInput.BaseStream.WriteAsync(sent, Cancel);
        cat.StandardInput.Close();
        await reading.WaitAsync(TimeSpan.FromMinutes(1), Cancel);
        await cat.WaitForExitAsync(Cancel);

        Assert.Equal(0, cat.ExitCode);
        Assert.True(sent.AsSpan().SequenceEqual(received.ToArray()), $"{received.Length} of {sent.Length} bytes, or others");
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Exec_WithATerminal_HasItsSizeAndExitCode(string binary, string framing)
    {
        Kubectl kubectl = await StartAsync(binary, framing);

        // The size comes a moment after the command's start, as with any Kubernetes.
        CommandResult result = await kubectl.InTerminalAsync(
            33, 91, "exec", "-it", "target", "-c", "main", "--", "sh", "-c", "until stty size 2>/dev/null | grep -q 33; do sleep 0.1; done; stty size; tty; exit 5");

        Assert.Equal(5, result.ExitCode);
        Assert.Contains("33 91", result.Output, StringComparison.Ordinal);
        Assert.Contains("/dev/pts/", result.Output, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Exec_OfWhatIsNotThere_SaysWhy(string binary, string framing)
    {
        Kubectl kubectl = await StartAsync(binary, framing);

        CommandResult container = await kubectl.TryAsync("exec", "target", "-c", "none", "--", "true");
        Assert.Contains("container none is not valid for pod target", container.Error, StringComparison.Ordinal);
        CommandResult pod = await kubectl.TryAsync("exec", "absent", "--", "true");
        Assert.Contains("pods \"absent\" not found", pod.Error, StringComparison.Ordinal);
        CommandResult waiting = await kubectl.TryAsync("exec", "waiting", "-c", "waits", "--", "true");
        Assert.Contains("container not found (\"waits\")", waiting.Error, StringComparison.Ordinal);
        CommandResult unbound = await kubectl.TryAsync("exec", "unbound", "--", "true");
        Assert.Contains("pod unbound does not have a host assigned", unbound.Error, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Exec_WhoseContainerDies_Ends(string binary, string framing)
    {
        Kubectl kubectl = await StartAsync(binary, framing);
        using Process exec = kubectl.Start("exec", "target", "-c", "mortal", "--", "sh", "-c", "echo ready; sleep 1000");
        Assert.Equal("ready", await exec.StandardOutput.ReadLineAsync(Cancel));

        await Engine.KillAsync((await Engine.ContainersAsync(kubectl.Namespace, "target", "mortal"))[0].ID);

        await exec.WaitForExitAsync(Cancel).WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        Assert.Equal(137, exec.ExitCode);
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Client_ThatVanishes_TakesItsTerminalAlong(string binary, string framing)
    {
        Kubectl kubectl = await StartAsync(binary, framing);
        using Process script = kubectl.StartInTerminal("exec", "-it", "target", "-c", "main", "--", "sleep", "4321");
        await Poll.UntilAsync("the command runs", async () => (await ProcessesAsync(kubectl)).Contains("sleep 4321", StringComparison.Ordinal));

        script.Kill(entireProcessTree: true);

        await Poll.UntilAsync("the command is gone", async () => !(await ProcessesAsync(kubectl)).Contains("sleep 4321", StringComparison.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Attach_PassesWhatTheContainerReadsAndWrites(string binary, string framing)
    {
        Kubectl kubectl = await StartAsync(binary, framing);

        using Process attach = kubectl.Start("attach", "-i", "target", "-c", "shell");
        await attach.StandardInput.WriteLineAsync("echo attached to $((6*7))");
        await attach.StandardInput.FlushAsync(Cancel);

        Assert.Equal("attached to 42", await attach.StandardOutput.ReadLineAsync(Cancel).AsTask().WaitAsync(TimeSpan.FromSeconds(30), Cancel));
        await attach.StandardInput.WriteLineAsync("exit");
        await attach.StandardInput.FlushAsync(Cancel);
        await attach.WaitForExitAsync(Cancel).WaitAsync(TimeSpan.FromSeconds(30), Cancel);
        Assert.Equal(0, attach.ExitCode);
    }

    [Theory]
    [MemberData(nameof(KubectlTests.Versions), MemberType = typeof(KubectlTests))]
    public async Task Run_OfACommandThatEndsAtOnce_PrintsItAndIsRemoved(string binary)
    {
        Kubectl kubectl = await cluster.KubectlAsync(binary);

        // Attached to or, if it has ended before, read from its log: the words come once either way, or twice if it ended in between.
        string output = await kubectl.RunAsync("run", "short", "--rm", "-i", "--restart=Never", "--image", Manifests.Image, "--", "echo", "brief");

        Assert.Matches("(?m)^brief$", output);
        Assert.DoesNotContain("short", await kubectl.RunAsync("get", "pods", "-o", "name"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Debug_OfARunningPod_SeesItsProcesses()
    {
        Kubectl kubectl = await StartAsync(Machine.Kubectl132, "WebSocket");

        using Process debug = kubectl.Start("debug", "-i", "target", "--image", Manifests.Image, "--target=main", "--profile=general", "-c", "debug", "--", "sh");
        string output;
        try
        {
            await debug.StandardInput.WriteLineAsync("busybox ps; exit 3");
            await debug.StandardInput.FlushAsync(Cancel);
            output = await debug.StandardOutput.ReadToEndAsync(Cancel).WaitAsync(TimeSpan.FromSeconds(60), Cancel);
        }
        finally
        {
            // Where the pod never gets the container, kubectl waits for ever.
            debug.Kill();
        }

        Assert.Contains("nc -ll -p 8082", output, StringComparison.Ordinal);
        await Poll.UntilEqualAsync("the exit code", "3", () =>
            kubectl.JsonPathAsync("pod/target", "{.status.ephemeralContainerStatuses[0].state.terminated.exitCode}"));
        Assert.Equal("Running", await kubectl.JsonPathAsync("pod/target", "{.status.phase}"));
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task Cp_BothWays_KeepsBytes(string binary, string framing)
    {
        Kubectl kubectl = await StartAsync(binary, framing);
        string folder = Directory.CreateTempSubdirectory("cluster-e2e-cp-").FullName;
        try
        {
            byte[] sent = RandomNumberGenerator.GetBytes(Megabytes);
            await File.WriteAllBytesAsync(Path.Combine(folder, "there"), sent, Cancel);
            await kubectl.RunAsync("cp", Path.Combine(folder, "there"), "target:/tmp/copied", "-c", "main");
            await kubectl.RunAsync("cp", "target:/tmp/copied", Path.Combine(folder, "back"), "-c", "main");
            byte[] back = await File.ReadAllBytesAsync(Path.Combine(folder, "back"), Cancel);
            Assert.True(sent.AsSpan().SequenceEqual(back));
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    [Theory]
    [MemberData(nameof(Clients))]
    public async Task PortForward_CarriesManyConnectionsToManyPorts(string binary, string framing)
    {
        Kubectl kubectl = await StartAsync(binary, framing);
        int[] local = [Machine.FreePort(), Machine.FreePort(), Machine.FreePort()];
        using Process forward = kubectl.Start("port-forward", "--address", "127.0.0.1", "pod/target", $"{local[0]}:8080", $"{local[1]}:8081", $"{local[2]}:8082");
        try
        {
            for (int i = 0; i < local.Length; i++)
                Assert.StartsWith("Forwarding from", await forward.StandardOutput.ReadLineAsync(Cancel), StringComparison.Ordinal);
            _ = forward.StandardOutput.ReadToEndAsync(Cancel);

            // A port on every address, one on the pod's loopback alone, and one that sends back what it gets until its input ends.
            using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
            for (int i = 0; i < 5; i++)
            {
                Assert.Equal("page\n", await http.GetStringAsync($"http://127.0.0.1:{local[0]}/index.html", Cancel));
                Assert.Equal("page\n", await http.GetStringAsync($"http://127.0.0.1:{local[1]}/index.html", Cancel));
            }

            await Task.WhenAll(Enumerable.Range(0, 8).Select(_ => EchoAsync(local[2], 1_000_000)));
        }
        finally
        {
            forward.Kill();
        }
    }

    [Fact]
    public async Task PortForward_OfAServiceAndOfAHostNetworkPod_Work()
    {
        Kubectl kubectl = await StartAsync(Machine.Kubectl132, "WebSocket");
        int host = Machine.FreePort(), local = Machine.FreePort();
        await kubectl.ApplyAsync($$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: host}
            spec:
              hostNetwork: true
              terminationGracePeriodSeconds: 1
              containers:
              - {name: main, image: "{{Manifests.Image}}", command: [sh, -c, "echo page > /www/index.html; exec httpd -f -p 127.0.0.1:{{host}} -h /www"]}
            """);
        await kubectl.RunAsync("wait", "--for=condition=Ready", "pod/host", "--timeout=60s");
        foreach (string target in (string[])[$"pod/host {host}", "service/target 80"])
        {
            using Process forward = kubectl.Start("port-forward", "--address", "127.0.0.1", target.Split(' ')[0], $"{local}:{target.Split(' ')[1]}");
            try
            {
                Assert.StartsWith("Forwarding from", await forward.StandardOutput.ReadLineAsync(Cancel), StringComparison.Ordinal);
                using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(30) };
                Assert.Equal("page\n", await http.GetStringAsync($"http://127.0.0.1:{local}/index.html", Cancel));
            }
            finally
            {
                forward.Kill();
                await forward.WaitForExitAsync(Cancel);
            }
        }
    }

    [Theory]
    [MemberData(nameof(KubectlTests.Versions), MemberType = typeof(KubectlTests))]
    public async Task Get_Raw_ReachesPodsServicesAndNodes(string binary)
    {
        Kubectl kubectl = await StartAsync(binary, binary == Machine.Kubectl120 ? "SPDY" : "WebSocket");
        string root = $"/api/v1/namespaces/{kubectl.Namespace}";
        foreach (string path in (string[])["pods/target/proxy", "pods/target:8080/proxy", "pods/http:target:8080/proxy", "services/target:80/proxy", "services/target:http/proxy"])
            await Poll.UntilEqualAsync(path, "page\n", async () => (await kubectl.TryAsync("get", "--raw", $"{root}/{path}/index.html")).Output);
        string node = await kubectl.JsonPathAsync("pod/target", "{.spec.nodeName}");
        Assert.Equal("ok", await kubectl.RunAsync("get", "--raw", $"/api/v1/nodes/{node}/proxy/healthz"));
        Assert.Contains("\"target\"", await kubectl.RunAsync("get", "--raw", $"/api/v1/nodes/{node}/proxy/pods"), StringComparison.Ordinal);

        // A service whose port has a name is asked for by it: no port named means the one without a name.
        foreach (string port in (string[])["", ":none"])
            Assert.Contains("no endpoints available for service \"target\"", (await kubectl.TryAsync("get", "--raw", $"{root}/services/target{port}/proxy/")).Error, StringComparison.Ordinal);
        Assert.Contains("error trying to reach service", (await kubectl.TryAsync("get", "--raw", $"{root}/pods/target:1/proxy/")).Error, StringComparison.Ordinal);
        Assert.Contains("pods \"absent\" not found", (await kubectl.TryAsync("get", "--raw", $"{root}/pods/absent/proxy/")).Error, StringComparison.Ordinal);
    }

    // One set of pods a client: what a test ends in it is a container of its own.
    private static readonly Dictionary<(string, string), Kubectl> Started = [];

    /// <summary>A pod that stays, one whose node is chosen by nobody, and a service.</summary>
    private async Task<Kubectl> StartAsync(string binary, string framing)
    {
        if (Started.TryGetValue((binary, framing), out Kubectl? started)) return started;
        Kubectl kubectl = (await cluster.KubectlAsync(binary)).WithFraming(framing);
        await kubectl.ApplyAsync($$"""
            apiVersion: v1
            kind: Pod
            metadata: {name: target, labels: {app: target} }
            spec:
              terminationGracePeriodSeconds: 1
              restartPolicy: Never
              containers:
              - name: main
                image: {{Manifests.Image}}
                command: [sh, -c, "echo page > /www/index.html; httpd -p 8080 -h /www; httpd -p 127.0.0.1:8081 -h /www; exec nc -ll -p 8082 -e cat"]
                ports: [{name: http, containerPort: 8080}]
              - {name: shell, image: "{{Manifests.Image}}", command: [sh], stdin: true}
              - {name: mortal, image: "{{Manifests.Image}}", command: [sleep, "100000"]}
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: waiting}
            spec:
              terminationGracePeriodSeconds: 1
              containers: [{name: waits, image: cluster.local/examples/absent:9, imagePullPolicy: Never}]
            ---
            apiVersion: v1
            kind: Pod
            metadata: {name: unbound}
            spec:
              schedulerName: nobody
              containers: [{name: main, image: "{{Manifests.Image}}"}]
            ---
            apiVersion: v1
            kind: Service
            metadata: {name: target}
            spec: {selector: {app: target}, publishNotReadyAddresses: true, ports: [{name: http, port: 80, targetPort: http}]}
            """);
        await Poll.UntilAsync("three containers run", async () =>
            (await kubectl.JsonPathAsync("pod/target", "{.status.containerStatuses[*].state.running.startedAt}")).Split(' ', StringSplitOptions.RemoveEmptyEntries).Length == 3);
        await Poll.UntilAsync("the other pod is bound", async () => (await kubectl.JsonPathAsync("pod/waiting", "{.spec.nodeName}")).Length > 0);
        await Poll.UntilAsync("the container answers", async () => (await kubectl.TryAsync("exec", "target", "-c", "main", "--", "test", "-s", "/www/index.html")).ExitCode == 0);
        return Started[(binary, framing)] = kubectl;
    }

    private static async Task<string> ProcessesAsync(Kubectl kubectl) =>
        (await Engine.ExecAsync(kubectl.Namespace, "target", "main", ["ps"])).Output;

    private static async Task EchoAsync(int port, int length)
    {
        byte[] sent = RandomNumberGenerator.GetBytes(length);
        using var client = new TcpClient();
        await client.ConnectAsync("127.0.0.1", port, Cancel);
        NetworkStream stream = client.GetStream();
        Task sending = stream.WriteAsync(sent, Cancel).AsTask();
        byte[] received = new byte[length];
        await stream.ReadExactlyAsync(received, Cancel).AsTask().WaitAsync(TimeSpan.FromSeconds(60), Cancel);
        await sending;
        Assert.True(sent.AsSpan().SequenceEqual(received));
    }
}

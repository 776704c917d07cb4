using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Handover;
using Cluster.Proxy.Config;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Proxy.Tests.Config;

public sealed class FileProxyTests
{
    [Fact]
    public async Task Run_File_IsServedFollowedAndKeptWhenBroken()
    {
        using var folder = new TempDirectory();
        var path = Path.Combine(folder.Path, "lb.yaml");
        var ports = FreePort.Tcp(3);
        await using var a = new NamedServer("a", "127.0.0.21", ports[0]);
        await using var b = new NamedServer("b", "127.0.0.22", ports[0]);
        string Config(int listen, params string[] backends) =>
            $"services:\n- name: web\n  listen: 127.0.0.1:{listen}\n  backends: [{string.Join(", ", backends.Select(backend => $"{backend}:{ports[0]}"))}]\n";
        await File.WriteAllTextAsync(path, Config(ports[1], "127.0.0.21"));

        using var stop = new CancellationTokenSource();
        var proxy = new FileProxy(path, NullLoggerFactory.Instance, TimeProvider.System);
        var running = proxy.RunAsync(stop.Token);
        await Eventually.True(() => proxy.IsReady);
        Assert.Equal("a", await ProxyRig.AskAsync(IPAddress.Loopback, ports[1]));

        await File.WriteAllTextAsync(path, Config(ports[1], "127.0.0.21", "127.0.0.22"));
        await Eventually.True(async () => await ProxyRig.AskAsync(IPAddress.Loopback, ports[1]) == "b", "the second backend to serve");

        await File.WriteAllTextAsync(path, "services: broken\n");
        await Task.Delay(1200);
        Assert.NotNull(await ProxyRig.AskAsync(IPAddress.Loopback, ports[1]));

        await File.WriteAllTextAsync(path, Config(ports[2], "127.0.0.22"));
        await Eventually.True(async () => await ProxyRig.AskAsync(IPAddress.Loopback, ports[2]) == "b", "the new port to serve");
        Assert.Null(await ProxyRig.AskAsync(IPAddress.Loopback, ports[1]));
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Run_FileWrittenWhereItIs_IsReadOnceItIsWhole()
    {
        using var folder = new TempDirectory();
        var ports = FreePort.Tcp(3);
        await using var server = new NamedServer("a", "127.0.0.21", ports[0]);
        string Service(int listen) => $"- name: s{listen}\n  listen: 127.0.0.1:{listen}\n  backends: ['127.0.0.21:{ports[0]}']\n";
        await File.WriteAllTextAsync(folder.File("lb.yaml"), "services:\n" + Service(ports[1]));
        using var stop = new CancellationTokenSource();
        var proxy = new FileProxy(folder.File("lb.yaml"), NullLoggerFactory.Instance, TimeProvider.System);
        var running = proxy.RunAsync(stop.Token);
        await Eventually.True(() => proxy.IsReady);

        // A writer that takes its time: what is there at first is a whole file too, without the service that comes last.
        await using (var file = new StreamWriter(folder.File("lb.yaml")))
        {
            await file.WriteAsync("services:\n" + Service(ports[2]));
            for (var i = 0; i < 15; i++)
            {
                await file.WriteAsync("# more of it\n");
                await file.FlushAsync();
                await Task.Delay(100);
                Assert.Equal("a", await ProxyRig.AskAsync(IPAddress.Loopback, ports[1]));
            }

            await file.WriteAsync(Service(ports[1]));
        }

        await Eventually.True(async () => await ProxyRig.AskAsync(IPAddress.Loopback, ports[2]) == "a", "the new service to be served");
        Assert.Equal("a", await ProxyRig.AskAsync(IPAddress.Loopback, ports[1]));
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Run_FileOfAConfigMap_IsFollowedThroughItsLinks()
    {
        using var folder = new TempDirectory();
        var ports = FreePort.Tcp(2);
        await using var a = new NamedServer("a", "127.0.0.21", ports[0]);
        await using var b = new NamedServer("b", "127.0.0.22", ports[0]);
        // As the kubelet lays it out: the file is a link through a folder that is a link, and that one alone is exchanged.
        void Write(string version, string backend)
        {
            var made = Directory.CreateDirectory(folder.File(version)).FullName;
            var file = Path.Combine(made, "lb.yaml");
            File.WriteAllText(file, $"services:\n- name: web\n  listen: 127.0.0.1:{ports[1]}\n  backends: [{backend}:{ports[0]}]\n");
            File.SetLastWriteTimeUtc(file, DateTime.UnixEpoch);
            File.Delete(folder.File("..data"));
            File.CreateSymbolicLink(folder.File("..data"), version);
        }

        Write("..1", "127.0.0.21");
        File.CreateSymbolicLink(folder.File("lb.yaml"), "..data/lb.yaml");
        using var stop = new CancellationTokenSource();
        var proxy = new FileProxy(folder.File("lb.yaml"), NullLoggerFactory.Instance, TimeProvider.System);
        var running = proxy.RunAsync(stop.Token);
        await Eventually.True(() => proxy.IsReady);
        Assert.Equal("a", await ProxyRig.AskAsync(IPAddress.Loopback, ports[1]));
        Write("..2", "127.0.0.22");
        await Eventually.True(async () => await ProxyRig.AskAsync(IPAddress.Loopback, ports[1]) == "b", "the new version to be served");
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Run_TakenOverFrom_ItsLastConnectionsAreInTheMetricsOfTheNext()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "sockets are passed on Linux alone");
        using var folder = new TempDirectory();
        var file = folder.File("lb.yaml");
        var ports = FreePort.Tcp(2);
        using var backend = new TcpListener(IPAddress.Loopback, 0);
        backend.Start();
        var service = $"metrics: 127.0.0.1:{ports[1]}\nservices:\n- {{name: web, listen: '127.0.0.1:{ports[0]}', backends: ['{backend.LocalEndpoint}']}}\n";
        await File.WriteAllTextAsync(file, service);
        using var stop = new CancellationTokenSource();
        Task Start(out FileProxy proxy)
        {
            proxy = new FileProxy(file, NullLoggerFactory.Instance, TimeProvider.System, new Succession(folder.File("handover"), NullLogger.Instance), TimeSpan.FromMinutes(1));
            return proxy.RunAsync(stop.Token);
        }

        var first = Start(out var before);
        await Eventually.True(() => before.IsReady);
        using var lasting = await ConnectAsync(ports[0], backend);
        Assert.NotNull(lasting);
        var second = Start(out var after);
        await Eventually.True(() => after.IsReady);
        using var http = new HttpClient();
        Task<string> MetricsAsync() => http.GetStringAsync(new Uri($"http://127.0.0.1:{ports[1]}/metrics"));
        var labels = $"{{service=\"web\",protocol=\"TCP\",backend=\"{backend.LocalEndpoint}\"}} 1\n";
        await Eventually.True(async () => (await MetricsAsync()).Contains("dataplane_backend_earlier_connections" + labels, StringComparison.Ordinal), "the earlier one's connection");
        Assert.DoesNotContain("dataplane_backend_draining_connections{", await MetricsAsync(), StringComparison.Ordinal);
        // A backend that has left the file drains, wherever its connections are.
        await File.WriteAllTextAsync(file, service.Replace(backend.LocalEndpoint.ToString()!, $"127.0.0.1:{FreePort.Tcp()}", StringComparison.Ordinal));
        await Eventually.True(async () => (await MetricsAsync()).Contains("dataplane_backend_draining_connections" + labels, StringComparison.Ordinal), "it to drain");

        lasting!.Dispose();
        await first.WaitAsync(TimeSpan.FromSeconds(20));
        Assert.DoesNotContain("dataplane_backend_earlier_connections{", await MetricsAsync(), StringComparison.Ordinal);
        await stop.CancelAsync();
        await second;
    }

    [Theory]
    [InlineData("loop")]
    [InlineData("managed")]
    public async Task Run_MaxConnections_RefusesMoreUntilOneEnds(string path)
    {
        using var folder = new TempDirectory();
        var file = Path.Combine(folder.Path, "lb.yaml");
        var port = FreePort.Tcp();
        using var backend = new TcpListener(IPAddress.Loopback, 0);
        backend.Start();
        await File.WriteAllTextAsync(file, $"connectTimeout: 2\nthreads: 1\nservices:\n- {{name: web, listen: '127.0.0.1:{port}', path: {path}, maxConnections: 2, backends: ['{backend.LocalEndpoint}']}}\n");
        using var stop = new CancellationTokenSource();
        var proxy = new FileProxy(file, NullLoggerFactory.Instance, TimeProvider.System);
        var running = proxy.RunAsync(stop.Token);
        await Eventually.True(() => proxy.IsReady);

        using var first = await ConnectAsync(port, backend);
        using var second = await ConnectAsync(port, backend);
        Assert.Null(await ProxyRig.AskAsync(IPAddress.Loopback, port));
        first!.Dispose();
        TcpClient? third = null;
        await Eventually.True(async () => (third = await ConnectAsync(port, backend)) is not null, "a place to be free");
        third!.Dispose();
        await stop.CancelAsync();
        await running;
    }

    // The client's connection once the backend has it and its greeting went through; null where it was refused.
    private static async Task<TcpClient?> ConnectAsync(int port, TcpListener backend)
    {
        var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port);
            await client.GetStream().WriteAsync("hello"u8.ToArray());
            using var limit = new CancellationTokenSource(TimeSpan.FromSeconds(1));
            var taken = await backend.AcceptSocketAsync(limit.Token);
            _ = CloseWithClientAsync(taken);
            return client;
        }
        catch (Exception exception) when (exception is SocketException or IOException or OperationCanceledException)
        {
            client.Dispose();
            return null;
        }
    }

    private static async Task CloseWithClientAsync(Socket socket)
    {
        using (socket)
        {
            var buffer = new byte[16];
            while (await socket.ReceiveAsync(buffer) > 0)
            {
            }
        }
    }

    [Fact]
    public async Task Run_PathConnect_IsTakenWhenAServiceAsksForIt_AndByNoOther()
    {
        Assert.SkipUnless(ProxyRig.CanRun, ProxyRig.WhyNot);
        using var folder = new TempDirectory();
        var path = Path.Combine(folder.Path, "lb.yaml");
        var ports = FreePort.Tcp(4);
        await using var a = new NamedServer("a", "127.0.0.25", ports[0]);
        string Config(string path) => $"""
            metrics: 127.0.0.1:{ports[3]}
            services:
            - name: near
              listen: 127.0.0.1:{ports[1]}
              path: {path}
              backends: ['127.0.0.25:{ports[0]}']
            - name: other
              listen: 127.0.0.1:{ports[2]}
              backends: ['127.0.0.25:{ports[0]}']
            """;
        await File.WriteAllTextAsync(path, Config("auto"));
        using var stop = new CancellationTokenSource();
        var proxy = new FileProxy(path, NullLoggerFactory.Instance, TimeProvider.System);
        var running = proxy.RunAsync(stop.Token);
        await Eventually.True(() => proxy.IsReady);
        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{ports[3]}/") };
        var paths = await http.GetStringAsync(new Uri("paths", UriKind.Relative));
        Assert.Equal("near\tTCP\tloop\tno service asks for the path connect\nother\tTCP\tloop\tno service asks for the path connect\n", paths);

        await File.WriteAllTextAsync(path, Config("connect"));
        await Eventually.True(async () => (paths = await http.GetStringAsync(new Uri("paths", UriKind.Relative))).Contains("asks for it", StringComparison.Ordinal));
        Assert.SkipWhen(paths.Contains("not possible here", StringComparison.Ordinal), paths);
        Assert.Equal("near\tTCP\tconnect\tthe service asks for it\nother\tTCP\tloop\tservices are connected from the start only where they ask for it\n", paths);
        Assert.Equal("a", await ProxyRig.AskAsync(IPAddress.Loopback, ports[1]));
        Assert.Equal("a", await ProxyRig.AskAsync(IPAddress.Loopback, ports[2]));
        var metrics = await http.GetStringAsync(new Uri("metrics", UriKind.Relative));
        Assert.Contains("dataplane_socket_connections_total{service=\"near\",protocol=\"TCP\"} 1\n", metrics, StringComparison.Ordinal);
        Assert.DoesNotContain("dataplane_socket_connections_total{service=\"other\"", metrics, StringComparison.Ordinal);
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Run_WithMetrics_TellsOfEachBackend()
    {
        using var folder = new TempDirectory();
        var path = Path.Combine(folder.Path, "lb.yaml");
        var ports = FreePort.Tcp(3);
        await using var a = new NamedServer("a", "127.0.0.23", ports[0]);
        // Nobody listens at the first one: it is tried, fails, and the second takes the connection.
        await File.WriteAllTextAsync(path, $"metrics: 127.0.0.1:{ports[2]}\nservices: [{{name: web, listen: '127.0.0.1:{ports[1]}', backends: ['127.0.0.24:{ports[0]}', '127.0.0.23:{ports[0]}']}}]\n");
        using var stop = new CancellationTokenSource();
        var proxy = new FileProxy(path, NullLoggerFactory.Instance, TimeProvider.System);
        var running = proxy.RunAsync(stop.Token);
        await Eventually.True(() => proxy.IsReady);
        Assert.Equal("a", await ProxyRig.AskAsync(IPAddress.Loopback, ports[1]));

        using var http = new HttpClient { BaseAddress = new Uri($"http://127.0.0.1:{ports[2]}/") };
        var text = await http.GetStringAsync(new Uri("metrics", UriKind.Relative));
        Assert.Contains($"dataplane_backend_connect_failures_total{{service=\"web\",protocol=\"TCP\",backend=\"127.0.0.24:{ports[0]}\"}} 1\n", text, StringComparison.Ordinal);
        Assert.Contains($"dataplane_backend_connections_total{{service=\"web\",protocol=\"TCP\",backend=\"127.0.0.23:{ports[0]}\"}} 1\n", text, StringComparison.Ordinal);
        Assert.Equal("ok", await http.GetStringAsync(new Uri("healthz", UriKind.Relative)));
        await stop.CancelAsync();
        await running;
    }

    [Fact]
    public async Task Run_BrokenFileAtStart_SaysLineAndReason()
    {
        using var folder = new TempDirectory();
        var path = Path.Combine(folder.Path, "lb.yaml");
        await File.WriteAllTextAsync(path, "services:\n- nam: x\n");
        var refused = await Assert.ThrowsAsync<ConfigException>(() => new FileProxy(path, NullLoggerFactory.Instance, TimeProvider.System).RunAsync(CancellationToken.None));
        Assert.StartsWith("line 2: unknown field nam", refused.Message, StringComparison.Ordinal);
    }
}

using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Cluster.EndToEnd.Tests;

/// <summary>The data plane alone, as a stranger uses it: the real binary, a file, and no API server.</summary>
public sealed class LoadBalancerTests : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    // Open to the end: a client that got the port of an earlier one would be that one's flow, and have its backend.
    private readonly List<UdpClient> _udpClients = [];

    // Nobody, with no capability left, and no way to get one.
    private static readonly string[] Unprivileged = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=-all", "--bounding-set=-all"];

    [Theory]
    [InlineData("loop")]
    [InlineData("managed")]
    public async Task Proxy_OnEachPath_SpreadsTcpAndUdpAndFollowsTheFile(string path)
    {
        RequireBinary();
        await using var servers = new NameServers(3);
        int port = Machine.FreePort(), other = Machine.FreePort();
        string Services(string backends) => $"""
            threads: 1
            services:
            - name: web
              listen: 127.0.0.1:{port}
              path: {path}
              backends: {backends}
            - name: names
              listen: 127.0.0.1:{port}
              protocol: UDP
              path: {path}
              backends: {backends}

            """;
        await using var proxy = new ProxyProcess(Services(servers.List));
        await Poll.UntilAsync("the services to answer", async () => await AskTcpAsync(port) is not null && await AskUdpAsync(port) is not null);

        Assert.All(await CountAsync(() => AskTcpAsync(port)), share => Assert.Equal(("abc".Contains(share.Key, StringComparison.Ordinal), 30), (true, share.Value)));
        Assert.All(await CountAsync(() => AskUdpAsync(port)), share => Assert.Equal(("abc".Contains(share.Key, StringComparison.Ordinal), 30), (true, share.Value)));

        proxy.Configure(Services(servers.List).Replace("path:", "paht:", StringComparison.Ordinal));
        await proxy.UntilLoggedAsync("line 5: unknown field paht");
        Assert.NotNull(await AskTcpAsync(port));

        proxy.Configure(Services(servers.List) + $"- {{name: more, listen: '127.0.0.1:{other}', backends: {servers.List}}}\n");
        await Poll.UntilAsync("the added service to answer", async () => await AskTcpAsync(other) is not null, 20);
        proxy.Configure(Services("[]"));
        await Poll.UntilAsync("services without backends to refuse", async () => await AskTcpAsync(port) is null && await AskTcpAsync(other) is null && await AskUdpAsync(port) is null, 20);
        Assert.Equal(0, await proxy.TerminateAsync());
    }

    [Theory]
    [InlineData("auto", "")]
    [InlineData("managed", "")]
    [InlineData("connect", "Sockets can't be connected to backends from the start, all services take relays: BPF_MAP_CREATE")]
    public async Task Proxy_WithoutAnyPrivilege_ServesWhatItMayAndSaysWhatItMayNot(string path, string reason)
    {
        RequireBinary();
        Assert.SkipUnless(Environment.IsPrivilegedProcess && File.Exists("/usr/bin/setpriv"), "needs root, to take its privileges away");
        await using var servers = new NameServers(2);
        int port = Machine.FreePort();
        int first = int.Parse(await File.ReadAllTextAsync("/proc/sys/net/ipv4/ip_unprivileged_port_start", TestContext.Current.CancellationToken), System.Globalization.CultureInfo.InvariantCulture);
        Assert.SkipUnless(first > 81, "every port is open to everyone here");
        await using var proxy = new ProxyProcess($"""
            services:
            - {"{"}name: web, listen: '127.0.0.1:{port}', path: {path}, backends: {servers.List}{"}"}
            - {"{"}name: low, listen: '127.0.0.1:81', path: {path}, backends: {servers.List}{"}"}
            - {"{"}name: names, listen: '127.0.0.1:{port}', protocol: UDP, path: {path}, backends: {servers.List}{"}"}
            - {"{"}name: lownames, listen: '127.0.0.1:81', protocol: UDP, path: {path}, backends: {servers.List}{"}"}

            """, Unprivileged);
        await Poll.UntilAsync("the services to answer", async () => await AskTcpAsync(port) is not null && await AskUdpAsync(port) is not null);
        Assert.NotNull(await AskUdpAsync(port));
        await proxy.UntilLoggedAsync("low/TCP on 127.0.0.1:81 can't be opened, trying again: Permission denied");
        await proxy.UntilLoggedAsync("lownames/UDP on 127.0.0.1:81 can't be opened, trying again: Permission denied");
        if (reason.Length > 0) await proxy.UntilLoggedAsync(reason);
        Assert.Equal(0, await proxy.TerminateAsync());
    }

    [Fact]
    public async Task Proxy_PortTaken_SaysSoAndServesItOnceItIsFree()
    {
        RequireBinary();
        await using var servers = new NameServers(1);
        var holder = new TcpListener(IPAddress.Loopback, 0);
        holder.Start();
        int port = ((IPEndPoint)holder.LocalEndpoint).Port;
        await using var proxy = new ProxyProcess($"services: [{{name: web, listen: '127.0.0.1:{port}', backends: {servers.List}}}]\n");
        await proxy.UntilLoggedAsync($"web/TCP on 127.0.0.1:{port} can't be opened, trying again: Address already in use");
        holder.Dispose();
        await Poll.UntilAsync("the port to be served", async () => await AskTcpAsync(port) == "a", 20);
        await proxy.UntilLoggedAsync($"web/TCP on 127.0.0.1:{port} is open now");
    }

    [Theory]
    [InlineData("services: [{name: web, listen: nowhere, backends: []}]", "line 1: nowhere is not IP:PORT")]
    [InlineData("services: {", "did not find expected node content")]
    public async Task Proxy_BadFileAtTheStart_EndsWithLineAndReason(string config, string reason)
    {
        RequireBinary();
        await using var proxy = new ProxyProcess(config);
        Assert.Equal(1, await proxy.ExitCodeAsync());
        await proxy.UntilLoggedAsync(reason);
    }

    [Fact]
    public async Task Top_OfAProxyThatServes_ShowsItsServicesInATerminalAndOutOfOne()
    {
        RequireBinary();
        await using var servers = new NameServers(1);
        int port = Machine.FreePort(), metrics = Machine.FreePort();
        await using var proxy = new ProxyProcess($"metrics: 127.0.0.1:{metrics}\nservices: [{{name: web, listen: '127.0.0.1:{port}', backends: {servers.List}}}]\n");
        await Poll.UntilAsync("the service to answer", async () => await AskTcpAsync(port) is not null);
        string[] top = ["proxy", "top", "--metrics", $"127.0.0.1:{metrics}", "--interval", "0.1"];
        CommandResult printed = (await CommandResult.RunAsync(Machine.ClusterBinary, [.. top, "--once"], TimeSpan.FromSeconds(20))).Succeeded();
        Assert.Contains("web", printed.Output, StringComparison.Ordinal);

        if (File.Exists("/usr/bin/script"))
        {
            // The other end of a terminal: what is typed there ends it.
            CommandResult screen = await CommandResult.RunAsync(
                "bash", ["-c", $"(sleep 1; printf q) | timeout 15 script -qec '{Machine.ClusterBinary} {string.Join(' ', top)}' /dev/null"], TimeSpan.FromSeconds(20));
            Assert.True(screen.ExitCode == 0, screen.Output + screen.Error);
            Assert.Contains("web", screen.Output, StringComparison.Ordinal);
            Assert.Contains("q quit", screen.Output, StringComparison.Ordinal);
        }

        await proxy.TerminateAsync();
        CommandResult nobody = await CommandResult.RunAsync(Machine.ClusterBinary, [.. top, "--once"], TimeSpan.FromSeconds(20));
        Assert.NotEqual(0, nobody.ExitCode);
        Assert.Contains($"127.0.0.1:{metrics}", nobody.Error, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Proxy_NoFile_SaysWhich()
    {
        RequireBinary();
        CommandResult result = await CommandResult.RunAsync(Machine.ClusterBinary, ["proxy", "--config", "/no/such/file.yaml"], TimeSpan.FromSeconds(20));
        Assert.Equal(1, result.ExitCode);
        Assert.Contains("/no/such/file.yaml", result.Error, StringComparison.Ordinal);
    }

    public void Dispose()
    {
        foreach (UdpClient client in _udpClients) client.Dispose();
    }

    private static void RequireBinary() => Assert.True(File.Exists(Machine.ClusterBinary), $"{Machine.ClusterBinary} is not built: run the tests by ./cluster test");

    private static async Task<Dictionary<string, int>> CountAsync(Func<Task<string?>> ask) => await Traffic.CountAsync(90, async () => await ask() ?? "none");

    // The name a backend answers with, or null where nobody does.
    private static async Task<string?> AskTcpAsync(int port)
    {
        using var timeout = new CancellationTokenSource(Patience);
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port, timeout.Token);
            using var reader = new StreamReader(client.GetStream(), Encoding.ASCII);
            return await reader.ReadToEndAsync(timeout.Token) is { Length: > 0 } name ? name : null;
        }
        catch (Exception failure) when (failure is SocketException or IOException)
        {
            return null;
        }
    }

    private async Task<string?> AskUdpAsync(int port)
    {
        using var timeout = new CancellationTokenSource(Patience);
        var client = new UdpClient();
        _udpClients.Add(client);
        try
        {
            client.Connect(IPAddress.Loopback, port);
            await client.SendAsync("who"u8.ToArray(), timeout.Token);
            return Encoding.ASCII.GetString((await client.ReceiveAsync(timeout.Token)).Buffer);
        }
        catch (Exception failure) when (failure is SocketException or OperationCanceledException)
        {
            // Refused, or lost in the moment in which a service loses its last backend.
            return null;
        }
    }
}

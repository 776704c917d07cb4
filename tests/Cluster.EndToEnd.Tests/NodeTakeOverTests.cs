using System.Net;
using Cluster.Testing;

namespace Cluster.EndToEnd.Tests;

/// <summary>
/// A node's proxy after another, real processes under load, in each way that services can take: by programs in the kernel, by relays behind
/// the guard, and by the kernel's own translation. They change routes, rules and programs: <see cref="NodeTakeOverNamespaceTests"/> runs them in
/// a network of their own.
/// </summary>
public sealed class NodeTakeOverTests : IAsyncLifetime
{
    private const string Address = "10.99.0.77";
    private const int ClientsOfEachKind = 4;
    private const int Restarts = 2;

    private static readonly IPAddress Node = IPAddress.Parse("10.254.1.1");

    private readonly TempDirectory _data = new();
    private readonly int _health = Machine.FreePort();
    private readonly int _metrics = Machine.FreePort();
    private EchoServers? _servers;
    private LoggedProcess? _api;

    private string Kubeconfig => Path.Combine(_data.Path, "kubeconfig");

    private string[] Flags =>
    [
        "--kubeconfig", Path.Combine(_data.Path, "pki/proxy.kubeconfig"), "--hostname-override", "here", "--bind-address", $"{Node}",
        "--service-cluster-ip-range", "10.99.0.0/16", "--cluster-cidr", "10.100.0.0/16",
        "--healthz-bind-address", $"127.0.0.1:{_health}", "--metrics-bind-address", $"127.0.0.1:{_metrics}",
    ];

    public async ValueTask InitializeAsync()
    {
        Machine.RequireCluster();
        Assert.SkipUnless(ForwardingNamespace.IsHere, "NodeTakeOverNamespaceTests runs it in a namespace");
        Assert.SkipUnless(File.Exists(Machine.Kubectl132), "there is no kubectl");
        int port = Machine.FreePort();
        _servers = new EchoServers(2, Node);
        _api = new LoggedProcess(
            Machine.ClusterBinary, "apiserver", "--data", _data.Path, "--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1",
            "--secure-port", $"{port}", "--service-cluster-ip-range", "10.99.0.0/16");
        var kubectl = new Kubectl(Machine.Kubectl132, Kubeconfig, "default");
        await Poll.UntilAsync("the API to answer", async () => File.Exists(Kubeconfig) && (await kubectl.TryAsync("get", "--raw", "/readyz")).ExitCode == 0);
        await kubectl.ApplyAsync(Objects(_servers.Ports));
    }

    public async ValueTask DisposeAsync()
    {
        if (_api is not null)
        {
            (await CommandResult.RunAsync(Machine.ClusterBinary, ["proxy", .. Flags, "--cleanup"], TimeSpan.FromSeconds(30))).Succeeded();
            await _api.DisposeAsync();
        }

        if (_servers is not null) await _servers.DisposeAsync();
        _data.Dispose();
    }

    [Fact]
    public async Task ConnectTime_NoConnectionTakesARelayMeanwhile()
    {
        await using ProxyProcess proxy = Start();
        await UntilPathAsync(proxy, "default/echo:tcp\tTCP\tconnect");
        IEnumerable<int> ports = await TakeOverUnderLoadAsync(proxy);
        // Whoever was led to a backend as it connected, the backend sees by its own port; a relay would have come from another.
        Assert.All(ports, port => Assert.True(_servers!.Peers.ContainsKey(port), $"the connection from port {port} took a relay"));
        await UntilPathAsync(proxy, "default/echo:tcp\tTCP\tconnect");
    }

    [Fact]
    public async Task Guard_NothingIsDropped()
    {
        // Without these capabilities there is no BPF.
        await using ProxyProcess proxy = Start(["setpriv", "--bounding-set", "-bpf,-sys_admin"]);
        await UntilPathAsync(proxy, "default/echo:tcp\tTCP\tloop");
        Assert.Contains("BPF does not select", proxy.Log, StringComparison.Ordinal);
        await TakeOverUnderLoadAsync(proxy);
        Assert.Contains("cluster_services", (await CommandResult.RunAsync("nft", ["list", "tables"], TimeSpan.FromSeconds(5))).Succeeded().Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Nftables_NothingIsDropped()
    {
        await using ProxyProcess proxy = Start([], "--proxy-mode", "nftables");
        await UntilPathAsync(proxy, "default/echo:tcp\tTCP\tnftables");
        await TakeOverUnderLoadAsync(proxy);
        await UntilPathAsync(proxy, "default/echo:tcp\tTCP\tnftables");
    }

    private ProxyProcess Start(string[]? before = null, params string[] more) =>
        ProxyProcess.Of(_data.Path, [.. before ?? [], Machine.ClusterBinary, "proxy", .. Flags, .. more]);

    private Task UntilPathAsync(ProxyProcess proxy, string line) => Poll.UntilAsync(
        $"/paths to say {line}",
        async () =>
        {
            using var http = new HttpClient();
            string paths = await http.GetStringAsync(new Uri($"http://127.0.0.1:{_metrics}/paths"));
            return paths.Contains(line, StringComparison.Ordinal) ? true : throw new InvalidOperationException($"{paths}; the proxy said:\n{proxy.Log}");
        },
        30);

    // One process after the other; returns the ports of the connections made.
    private async Task<IEnumerable<int>> TakeOverUnderLoadAsync(ProxyProcess proxy)
    {
        // A path is told as soon as it is chosen.
        await Poll.UntilAsync("TCP and UDP to be served", async () =>
        {
            using var client = new System.Net.Sockets.TcpClient();
            await client.ConnectAsync(IPAddress.Parse(Address), 80);
            return await Traffic.UdpAsync(Address, 80) != "";
        });
        await using var clients = new SteadyClients(new IPEndPoint(IPAddress.Parse(Address), 80), ClientsOfEachKind, _health);
        for (int restart = 0; restart <= Restarts; restart++)
        {
            if (restart > 0) await proxy.ReloadAsync();
            long exchanges = clients.Exchanges;
            await Poll.UntilAsync($"requests to go on; the proxies said:\n{proxy.Log}", () => Task.FromResult(clients.Exchanges > exchanges + 200 || clients.Failures.Count > 0));
            Assert.Empty(clients.Failures);
        }

        Assert.Empty(await clients.StopAsync());
        Assert.True(clients.Connections > 0);
        return clients.LocalPorts;
    }

    private static string Objects(IReadOnlyList<int> ports) => $$$"""
        {"apiVersion":"v1","kind":"List","items":[
          {"apiVersion":"v1","kind":"Service","metadata":{"name":"echo"},"spec":{"clusterIP":"{{{Address}}}",
           "ports":[{"name":"tcp","port":80,"protocol":"TCP"},{"name":"udp","port":80,"protocol":"UDP"}]}},
          {{{string.Join(",\n  ", ports.Select(Slice))}}}]}
        """;

    // A slice has one port of a name: each server has a slice of its own.
    private static string Slice(int port) => $$$"""
        {"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"name":"echo-{{{port}}}","labels":{"kubernetes.io/service-name":"echo"} },
         "addressType":"IPv4","endpoints":[{"addresses":["{{{Node}}}"],"conditions":{"ready":true} }],
         "ports":[{"name":"tcp","port":{{{port}}},"protocol":"TCP"},{"name":"udp","port":{{{port}}},"protocol":"UDP"}]}
        """;
}

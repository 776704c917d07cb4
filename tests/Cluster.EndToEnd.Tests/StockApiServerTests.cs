using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Cluster.Testing;

namespace Cluster.EndToEnd.Tests;

/// <summary>The proxy in the place of kube-proxy on Kubernetes' own API server, with the rights of our DaemonSet and no others.</summary>
public sealed class StockApiServerTests
{
    private const string Address = "10.94.0.77";
    private const string ServiceRange = "10.94.0.0/16";

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Proxy_OfAStockApiServer_FollowsWhatChangesAndOutlivesItsRestart(bool native)
    {
        Machine.RequireCluster();
        Assert.SkipUnless(StockApiServer.CanRun, "CLUSTER_STOCK_BINARIES names no folder with kube-apiserver, or etcd or kubectl is missing (see README.md)");
        Assert.SkipUnless(!native || File.Exists(Machine.NativeProxy), "there is no native binary: ./cluster build-proxy makes it");
        // The API takes no loopback address as an endpoint.
        IPAddress? node = NetworkInterface.GetAllNetworkInterfaces()
            .Where(one => one.OperationalStatus == OperationalStatus.Up && one.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .SelectMany(one => one.GetIPProperties().UnicastAddresses).Select(one => one.Address)
            .FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork);
        Assert.SkipWhen(node is null, "this machine has no address but loopback");
        using var data = new TempDirectory();
        await using StockApiServer server = await StockApiServer.StartAsync(data.Path, node, ServiceRange);
        Kubectl kubectl = server.Administrator();
        await server.Administrator("kube-system").ApplyAsync(await AccountAsync());
        string kubeconfig = await server.KubeconfigOfAsync("kube-system", "cluster-proxy");
        await kubectl.ApplyAsync("""{"apiVersion":"v1","kind":"Node","metadata":{"name":"here"}}""");

        await using var servers = new NameServers(2, node);
        string program = native ? Machine.NativeProxy : Machine.ClusterBinary;
        string[] arguments =
        [
            .. native ? (string[])[] : ["proxy"], "--kubeconfig", kubeconfig, "--hostname-override", "here", "--bind-address", $"{node}",
            "--service-cluster-ip-range", ServiceRange, "--cluster-cidr", "10.95.0.0/16",
            "--healthz-bind-address", $"127.0.0.1:{Machine.FreePort()}", "--metrics-bind-address", $"127.0.0.1:{Machine.FreePort()}",
        ];
        await using (var proxy = new LoggedProcess(program, arguments))
        {
            try
            {
                await FollowsAsync(server, kubectl, node, servers.Ports);
                Assert.True(proxy.IsRunning);
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"{failure.Message}\nThe proxy said:\n{string.Join('\n', proxy.Lines)}", failure);
            }
        }

        // Routes and programs outlive it on purpose.
        (await CommandResult.RunAsync(program, [.. arguments, "--cleanup"], TimeSpan.FromSeconds(30))).Succeeded();
    }

    private static async Task FollowsAsync(StockApiServer server, Kubectl kubectl, IPAddress node, IReadOnlyList<int> ports)
    {
        await kubectl.ApplyAsync($$$"""{"apiVersion":"v1","kind":"Service","metadata":{"name":"named"},"spec":{"clusterIP":"{{{Address}}}","ports":[{"name":"http","port":80}]}}""");
        await kubectl.ApplyAsync(Slice(0, node, ports[0]));
        await UntilAsync("a");
        await kubectl.ApplyAsync(Slice(1, node, ports[1]));
        await UntilAsync("ab");
        // Objects as protobuf, of the one version that it has of slices.
        string requests = await kubectl.RunAsync("get", "--raw", "/metrics");
        Assert.Contains(
            requests.Split('\n'),
            line => line.StartsWith("apiserver_request_total{code=\"200\"", StringComparison.Ordinal) && line.Contains("contentType=\"application/vnd.kubernetes.protobuf\"", StringComparison.Ordinal)
                && line.Contains("resource=\"endpointslices\"", StringComparison.Ordinal) && line.Contains("scope=\"cluster\"", StringComparison.Ordinal) && line.Contains("verb=\"LIST\"", StringComparison.Ordinal));

        await server.StopAsync();
        Assert.Equal("ab", await AskAsync());
        await server.StartAsync();
        await kubectl.RunAsync("delete", "endpointslice", "named-0");
        await UntilAsync("b");
        await kubectl.RunAsync("delete", "service", "named");
        await Poll.UntilAsync("the deleted service to refuse", async () => await Traffic.TcpAsync(Address, 80) is null, 30);
    }

    // The first documents of the example, all but the DaemonSet itself.
    private static async Task<string> AccountAsync()
    {
        string[] documents = (await File.ReadAllTextAsync(Path.Combine(Machine.ExamplesFolder, "cluster-proxy/daemonset.yaml"))).Split("\n---\n");
        return string.Join("\n---\n", documents.Where(document => !document.Contains("kind: DaemonSet", StringComparison.Ordinal)));
    }

    private static Task UntilAsync(string answers) => Poll.UntilAsync($"{answers} to answer", async () => await AskAsync() == answers, 30);

    /// <summary>Which servers answer eight connections, sorted.</summary>
    private static async Task<string> AskAsync()
    {
        var answers = new List<string?>();
        for (int i = 0; i < 8; i++) answers.Add(await Traffic.TcpAsync(Address, 80));
        return string.Concat(answers.Select(answer => answer ?? "-").Distinct().Order(StringComparer.Ordinal));
    }

    private static string Slice(int number, IPAddress node, int port) => $$$"""
        {"apiVersion":"discovery.k8s.io/v1beta1","kind":"EndpointSlice","metadata":{"name":"named-{{{number}}}","labels":{"kubernetes.io/service-name":"named"} },
         "addressType":"IPv4","endpoints":[{"addresses":["{{{node}}}"],"conditions":{"ready":true} }],"ports":[{"name":"http","port":{{{port}}},"protocol":"TCP"}]}
        """;
}

using System.Collections.Concurrent;
using System.Diagnostics;
using System.Net;
using System.Net.NetworkInformation;
using System.Net.Sockets;
using Cluster.Testing;

namespace Cluster.EndToEnd.Tests;

/// <summary>The proxy in the place of kube-proxy: the API server's process, the proxy's, TLS and REST between them, and nothing else of a cluster.</summary>
public sealed class ProxyOverRestTests
{
    private const string Address = "10.99.0.77";

    /// <summary>Where a proxy keeps what it made on the host.</summary>
    private const string StateFolder = "/run/cluster-proxy";

    private readonly ConcurrentQueue<string> _said = new();

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Proxy_OfAnApiServer_ServesWhatIsCreatedAndForgetsWhatIsDeleted(bool native)
    {
        Machine.RequireCluster();
        Assert.SkipUnless(File.Exists(Machine.Kubectl132), "there is no kubectl");
        Assert.SkipUnless(!native || File.Exists(Machine.NativeProxy), "there is no native binary: ./cluster build-proxy makes it");
        // The API takes no loopback address as an endpoint.
        IPAddress? node = NetworkInterface.GetAllNetworkInterfaces()
            .Where(one => one.OperationalStatus == OperationalStatus.Up && one.NetworkInterfaceType != NetworkInterfaceType.Loopback)
            .SelectMany(one => one.GetIPProperties().UnicastAddresses).Select(one => one.Address)
            .FirstOrDefault(address => address.AddressFamily == AddressFamily.InterNetwork);
        Assert.SkipWhen(node is null, "this machine has no address but loopback");
        using var data = new TempDirectory();
        int port = Machine.FreePort(), health = Machine.FreePort(), metrics = Machine.FreePort();
        await using var servers = new NameServers(1, node);
        string kubeconfig = Path.Combine(data.Path, "kubeconfig");
        bool hadState = Directory.Exists(StateFolder);
        using Process server = Start(Machine.ClusterBinary, "apiserver", "--data", data.Path, "--bind-address", "127.0.0.1", "--advertise-address", "127.0.0.1",
            "--secure-port", $"{port}", "--service-cluster-ip-range", "10.99.0.0/16");
        try
        {
            var kubectl = new Kubectl(Machine.Kubectl132, kubeconfig, "default");
            await Poll.UntilAsync("the API to answer", async () => File.Exists(kubeconfig) && (await kubectl.TryAsync("get", "--raw", "/readyz")).ExitCode == 0);
            string[] flags = ["--kubeconfig", Path.Combine(data.Path, "pki/proxy.kubeconfig"), "--hostname-override", "here", "--bind-address", $"{node}",
                "--service-cluster-ip-range", "10.99.0.0/16", "--cluster-cidr", "10.100.0.0/16",
                "--healthz-bind-address", $"127.0.0.1:{health}", "--metrics-bind-address", $"127.0.0.1:{metrics}"];
            string program = native ? Machine.NativeProxy : Machine.ClusterBinary;
            string[] arguments = native ? flags : ["proxy", .. flags];
            using Process proxy = Start(program, arguments);
            try
            {
                await kubectl.ApplyAsync(Objects($"{node}", servers.Ports[0]));
                await Poll.UntilAsync("the service to answer", async () => await Traffic.TcpAsync(Address, 80) == "a", 20);
                await kubectl.RunAsync("delete", "service/named", "endpointslice/named");
                await Poll.UntilAsync("the deleted service to refuse", async () => await Traffic.TcpAsync(Address, 80) is null, 20);
            }
            finally
            {
                int exit = await EndAsync(proxy);
                Assert.True(exit == 0, $"the proxy ended with {exit}; it and the API server said:\n{string.Join('\n', _said)}");
                // Routes and programs outlive it on purpose.
                (await CommandResult.RunAsync(program, [.. arguments, "--cleanup"], TimeSpan.FromSeconds(30))).Succeeded();
                Assert.Equal(hadState, Directory.Exists(StateFolder));
            }
        }
        finally
        {
            await EndAsync(server);
        }
    }

    private static string Objects(string address, int port) => $$$"""
        {"apiVersion":"v1","kind":"List","items":[
          {"apiVersion":"v1","kind":"Service","metadata":{"name":"named"},"spec":{"clusterIP":"{{{Address}}}","ports":[{"port":80}]}},
          {"apiVersion":"discovery.k8s.io/v1","kind":"EndpointSlice","metadata":{"name":"named","labels":{"kubernetes.io/service-name":"named"} },
           "addressType":"IPv4","endpoints":[{"addresses":["{{{address}}}"],"conditions":{"ready":true} }],"ports":[{"name":"","port":{{{port}}},"protocol":"TCP"}]}]}
        """;

    private Process Start(string program, params string[] arguments)
    {
        Process process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardError = true, RedirectStandardOutput = true })!;
        process.ErrorDataReceived += (_, line) => _said.Enqueue(line.Data ?? "");
        process.BeginErrorReadLine();
        process.BeginOutputReadLine();
        return process;
    }

    private static async Task<int> EndAsync(Process process)
    {
        await CommandResult.RunAsync("kill", ["-TERM", $"{process.Id}"], TimeSpan.FromSeconds(5));
        try
        {
            await process.WaitForExitAsync(CancellationToken.None).WaitAsync(TimeSpan.FromSeconds(30));
        }
        catch (TimeoutException)
        {
            process.Kill();
            throw;
        }

        return process.ExitCode;
    }
}

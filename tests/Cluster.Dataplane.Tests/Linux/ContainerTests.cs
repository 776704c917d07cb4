using System.Net;
using Cluster.Dataplane.SocketLb;
using Cluster.Dataplane.Tests.SocketLb;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>Clients and backends in real containers, on an image made of the host's static busybox.</summary>
public sealed class ContainerTests
{
    private const string Busybox = "/bin/busybox";
    private static readonly string[] Names = ["a", "b", "c"];

    [Fact]
    public async Task Tcp_FromAContainerToThreeContainers_IsSpreadEvenly()
    {
        Assert.SkipUnless(Shell.CanChangeHost && File.Exists(Busybox) && Shell.Exists("docker") && Shell.Try("docker", "info").ExitCode == 0, "needs root, Docker and busybox-static");
        var image = $"cluster-dataplane-test:{Environment.ProcessId}";
        var prefix = $"cluster-dataplane-test-{Environment.ProcessId}-";
        Shell.Run("sh", "-c", $"tar -C / -c bin/busybox | docker import - {image}");
        try
        {
            Shell.Run("docker", "network", "create", "--subnet", "10.199.250.0/24", prefix + "net");
            await using var rig = await new DataplaneRig().StartAsync();
            var backends = Names.Select(name => RunBackend(image, prefix, name)).ToArray();
            await rig.SetAsync(rig.Port(10, 80, nodePort: Cluster.Testing.FreePort.Tcp()), backends);
            var ask = $"i=0; while [ $i -lt 300 ]; do {Busybox} nc {rig.Vip(10)} 80 </dev/null; i=$((i+1)); done";
            var answers = Shell.Run("docker", "run", "--rm", "--network", prefix + "net", "--name", prefix + "client", image, Busybox, "sh", "-c", ask).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal(300, answers.Length);
            Assert.All(answers.CountBy(answer => answer), pair => Assert.InRange(pair.Value, 98, 102));
            Assert.Equal(3, answers.Distinct().Count());
        }
        finally
        {
            foreach (var name in Names.Append("client")) Shell.Try("docker", "rm", "-f", prefix + name);
            Shell.Try("docker", "network", "rm", prefix + "net");
            Shell.Try("docker", "rmi", image);
        }
    }

    [Fact]
    public async Task Tcp_FromAContainerWhoseNamespaceIsServed_IsConnectedFromTheStart()
    {
        Assert.SkipUnless(
            SocketLbRig.CanRun && File.Exists(Busybox) && Shell.Exists("docker") && Shell.Try("docker", "info").ExitCode == 0,
            "needs root, BPF, Docker and busybox-static");
        var image = $"cluster-socketlb-test:{Environment.ProcessId}";
        var prefix = $"cluster-socketlb-test-{Environment.ProcessId}-";
        Shell.Run("sh", "-c", $"tar -C / -c bin/busybox | docker import - {image}");
        try
        {
            Shell.Run("docker", "network", "create", "--subnet", "10.199.249.0/24", prefix + "net");
            await using var rig = new SocketLbRig();
            var backends = Names.Select(name => RunBackend(image, prefix, name)).ToArray();
            rig.Set(rig.Port(10), backends);
            Shell.Run("docker", "run", "-d", "--network", prefix + "net", "--name", prefix + "client", image, Busybox, "sleep", "600");
            var pods = new PodNamespaces(rig.Balancer, ["/run/docker/netns"], [IPNetwork.Parse("10.199.249.0/24")], NullLogger.Instance, TimeProvider.System);
            pods.Look();

            var ask = $"i=0; while [ $i -lt 30 ]; do {Busybox} nc {rig.Vip(10)} 80 </dev/null; i=$((i+1)); done";
            var answers = Shell.Run("docker", "exec", prefix + "client", Busybox, "sh", "-c", ask).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            Assert.Equal([("a", 10), ("b", 10), ("c", 10)], answers.CountBy(answer => answer).Select(pair => (pair.Key, pair.Value)).Order());
            Assert.Equal(30, rig.Balancer.Counters().Single().Sockets.Opened);
        }
        finally
        {
            foreach (var name in Names.Append("client")) Shell.Try("docker", "rm", "-f", prefix + name);
            Shell.Try("docker", "network", "rm", prefix + "net");
            Shell.Try("docker", "rmi", image);
        }
    }

    private static IPEndPoint RunBackend(string image, string prefix, string name)
    {
        Shell.Run("docker", "run", "-d", "--network", prefix + "net", "--name", prefix + name, image, Busybox, "nc", "-ll", "-p", "8080", "-e", Busybox, "echo", name);
        var address = Shell.Run("docker", "inspect", "-f", "{{range .NetworkSettings.Networks}}{{.IPAddress}}{{end}}", prefix + name).Trim();
        return new IPEndPoint(IPAddress.Parse(address), 8080);
    }
}

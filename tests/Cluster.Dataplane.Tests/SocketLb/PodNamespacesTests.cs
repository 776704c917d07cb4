using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.SocketLb;
using Cluster.Dataplane.Tests.Linux;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Dataplane.Tests.SocketLb;

public sealed class PodNamespacesTests
{
    [Fact]
    public async Task Look_NamespacesWithAnAddressOfThePodRange_AreServedWhileTheyAreThere()
    {
        Assert.SkipUnless(SocketLbRig.CanRun, "BPF, cgroup v2 or root is not available here");
        using var pod = new NetNamespace(105);
        using var other = new NetNamespace(106);
        var folder = Directory.CreateTempSubdirectory("cluster-netns-");
        await using var a = SocketLbRig.Named("a", pod.HostAddress);
        await using var rig = new SocketLbRig();
        rig.Set(rig.Port(10), a.EndPoint);
        var namespaces = new PodNamespaces(rig.Balancer, [folder.FullName, "/none"], [IPNetwork.Parse("10.199.105.0/24")], NullLogger.Instance, TimeProvider.System);
        var file = Path.Combine(folder.FullName, "pod");
        await File.WriteAllTextAsync(file, "");
        namespaces.Look();
        Assert.Null(Ask(pod));

        File.Delete(file);
        File.CreateSymbolicLink(file, pod.Path);
        File.CreateSymbolicLink(Path.Combine(folder.FullName, "other"), other.Path);
        File.CreateSymbolicLink(Path.Combine(folder.FullName, "default"), "/proc/1/ns/net");
        namespaces.Look();
        Assert.Equal("a", Ask(pod));
        Assert.Null(Ask(other));

        File.Delete(file);
        namespaces.Look();
        Assert.Null(Ask(pod));
        Assert.Equal("a", SocketLbRig.Ask(rig.Vip(10)));
        folder.Delete(recursive: true);

        string? Ask(NetNamespace ns) => SocketLbRig.Ask(rig.Vip(10), 80, ns.Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp));
    }
}

using System.Net;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.SocketLb;
using Cluster.Dataplane.Tests.SocketLb;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>Connected to backends from the start.</summary>
[Collection(nameof(Containers))]
public sealed class ConnectContainerTests(Containers containers) : ContainerWaysTests(containers)
{
    private readonly Containers _containers = containers;

    private protected override Task<Way> StartAsync(bool udp, bool v6, IPEndPoint[] backends)
    {
        Assert.SkipUnless(SocketLbRig.CanRun, "BPF, cgroup v2 or root is not available here");
        var rig = new SocketLbRig();
        var port = rig.Port(10, udp ? ServiceProtocol.Udp : ServiceProtocol.Tcp, v6: v6);
        rig.Set(port, backends);
        new PodNamespaces(rig.Balancer, ["/run/docker/netns"], [_containers.Subnet], NullLogger.Instance, TimeProvider.System).Look();
        return Task.FromResult(new Way(new IPEndPoint(port.VirtualAddresses[0], 80), rig, clients => Assert.Equal(clients, rig.Balancer.Counters().Single().Sockets.Opened)));
    }
}

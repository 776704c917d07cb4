using System.Net;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>By relays behind the nftables guard.</summary>
[Collection(nameof(Containers))]
public sealed class GuardedContainerTests(Containers containers) : ContainerWaysTests(containers)
{
    private protected override Task<Way> StartAsync(bool udp, bool v6, IPEndPoint[] backends) => StartAsync(Capture.Guard, udp, v6, backends);
}

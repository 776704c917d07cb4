using System.Net;
using Cluster.Dataplane.Services;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>By the managed path's relays.</summary>
[Collection(nameof(Containers))]
public sealed class ManagedContainerTests(Containers containers) : ContainerWaysTests(containers)
{
    private protected override Task<Way> StartAsync(bool udp, bool v6, IPEndPoint[] backends) => StartAsync(Capture.Guard, udp, v6, backends, ServicePath.Managed);
}

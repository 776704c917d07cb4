using System.Net;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>By relays whose sockets BPF selects.</summary>
[Collection(nameof(Containers))]
public sealed class SocketLookupContainerTests(Containers containers) : ContainerWaysTests(containers)
{
    private protected override Task<Way> StartAsync(bool udp, bool v6, IPEndPoint[] backends) => StartAsync(Capture.Lookup, udp, v6, backends);
}

using System.Net;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Linux.Nftables.Nat;
using Cluster.Dataplane.Services;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>By the kernel's translation. The engine has the host forward while its network is there.</summary>
[Collection(nameof(Containers))]
public sealed class KernelNatContainerTests(Containers containers) : ContainerWaysTests(containers)
{
    private readonly Containers _containers = containers;

    private protected override async Task<Way> StartAsync(bool udp, bool v6, IPEndPoint[] backends)
    {
        var rig = new Rig(_containers.Bridge);
        await rig.Dataplane.StartAsync([], CancellationToken.None);
        var vip = IPAddress.Parse(v6 ? "fd00:10:197:250::10" : "10.197.250.10");
        var port = new ServicePort(new ServicePortId("nat/ways", udp ? ServiceProtocol.Udp : ServiceProtocol.Tcp), 80) { VirtualAddresses = [vip] };
        rig.Dataplane.Directory.Set(port, [.. backends.Select(backend => new Backend(backend.ToString(), backend))]);
        await rig.Dataplane.Publish();
        return new Way(new IPEndPoint(vip, port.Port), rig, _ => Assert.Equal((0, 0), (rig.Dataplane.ActiveConnections, rig.Dataplane.ActiveSessions)));
    }

    private sealed class Rig : IAsyncDisposable
    {
        private static readonly string[] Ranges = ["10.197.250.0/24", "fd00:10:197:250::/112"];
        private readonly NatOptions _options = new()
        {
            Table = "cluster_nat_ways", Ranges = [.. Ranges.Select(range => IPNetwork.Parse(range))], PodRanges = [IPNetwork.Parse("10.199.251.0/24"), IPNetwork.Parse("fd00:199:251::/64")],
        };

        public Rig(string bridge)
        {
            // The kernel translates what it has a route for; a host without a default route, of one family or both, has none. It goes with the bridge too.
            foreach (var range in Ranges) Shell.Run("ip", "route", "replace", range, "dev", bridge);
            // The bridge's container is a client of what it serves itself; the engine sets this only where its own user space relays are off.
            foreach (var port in Directory.EnumerateFileSystemEntries($"/sys/class/net/{bridge}/brif")) File.WriteAllText(Path.Combine(port, "hairpin_mode"), "1");
            Dataplane = new NodeDataplane(new DataplaneOptions { KernelNat = _options }, new HostAddressesOnly(), NullLoggerFactory.Instance, TimeProvider.System);
        }

        public NodeDataplane Dataplane { get; }

        public async ValueTask DisposeAsync()
        {
            await Dataplane.DisposeAsync();
            await NatTable.RemoveAsync(_options.Table, CancellationToken.None);
            foreach (var range in Ranges) Shell.Try("ip", "route", "del", range);
        }
    }
}

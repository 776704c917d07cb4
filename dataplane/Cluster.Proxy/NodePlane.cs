using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Linux;
using Microsoft.Extensions.Logging;

namespace Cluster.Proxy;

/// <summary>The proxy's marks on the host: routes in table local and one nftables table.</summary>
public static class NodePlane
{
    /// <summary>Removes them, whether the proxy stopped or was killed. It must not run meanwhile. Does nothing where there are none.</summary>
    public static Task RemoveAsync(ProxyOptions options, ILoggerFactory logs, CancellationToken cancellationToken) =>
        VirtualAddresses(options, logs).RemoveAsync(cancellationToken);

    internal static IVirtualAddresses VirtualAddresses(ProxyOptions options, ILoggerFactory logs)
    {
        if (!options.CaptureVirtualAddresses || !OperatingSystem.IsLinux()) return new HostAddressesOnly();
        var owned = options.OwnedPath is { } path ? new OwnedFile(path) : null;
        var linux = new LinuxAddressOptions
        {
            Ranges = options.ServiceRanges,
            NodeAddresses = options.NodeAddresses,
            Table = options.Table,
            RouteProtocol = options.RouteProtocol,
            Owned = owned is null ? null : owned.Record,
        };
        return new LinuxVirtualAddresses(linux, logs.CreateLogger<LinuxVirtualAddresses>());
    }
}

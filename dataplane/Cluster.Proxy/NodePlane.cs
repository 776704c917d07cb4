using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Linux.Nftables;
using Cluster.Dataplane.Linux.Nftables.Nat;
using Cluster.Dataplane.SocketLb;
using Microsoft.Extensions.Logging;

namespace Cluster.Proxy;

/// <summary>The proxy's marks on the host: BPF programs, pinned; routes in table local and one by mark; and its nftables tables.</summary>
public static class NodePlane
{
    /// <summary>Removes them, whether the proxy stopped or was killed. It must not run meanwhile. Does nothing where there are none.</summary>
    /// <exception cref="InvalidOperationException">Something is left, told in one line after everything was tried.</exception>
    public static async Task RemoveAsync(ProxyOptions options, ILoggerFactory logs, CancellationToken cancellationToken)
    {
        // Whatever mode it ran in.
        try
        {
            await RemoveAsync(VirtualAddresses(options with { KernelNat = false }, logs), options, cancellationToken);
        }
        finally
        {
            if (options.CaptureVirtualAddresses && OperatingSystem.IsLinux()) await RemoveNatAsync(options, cancellationToken);
        }

        RemoveRunFolder(options);
    }

    // Made with the folder of pins; whatever else is in it by now is someone's who still needs it.
    private static void RemoveRunFolder(ProxyOptions options)
    {
        if (Path.GetDirectoryName(options.PinPath) is not { } folder || Path.GetFileName(folder) != "cluster") return;
        if (Directory.Exists(folder) && !Directory.EnumerateFileSystemEntries(folder).Any()) Directory.Delete(folder);
    }

    private static async Task RemoveNatAsync(ProxyOptions options, CancellationToken cancellationToken)
    {
        var owned = options.OwnedPath is { } path ? new OwnedFile(path) : null;
        var table = $"nft inet {options.NatTable}";
        try
        {
            await NatTable.RemoveAsync(options.NatTable, cancellationToken);
        }
        catch (NftException exception) when (exception.Missing && owned?.Has(table) != true)
        {
            // Without nft no table was made, or none that was recorded.
        }
        catch (NftException exception)
        {
            throw new InvalidOperationException($"cannot remove the table {options.NatTable}: {exception.Message}", exception);
        }

        owned?.Forget(line => line == table);
    }

    /// <summary>Where node ports are served; empty: at all addresses of the node.</summary>
    internal static IReadOnlyList<IPNetwork> NodePortRanges(ProxyOptions options)
    {
        if (!options.NodePortsAtPrimary) return options.NodePortRanges;
        AddressFamily[] families = [AddressFamily.InterNetwork, AddressFamily.InterNetworkV6];
        return PrimaryRanges(
            [.. families.Select(family => options.NodeAddresses.FirstOrDefault(address => address.AddressFamily == family) ?? NodeAddresses.OfDefaultRoute(family))]);
    }

    /// <summary>The addresses alone. Where there is none, loopback, as kube-proxy has it: no range at all would be every address.</summary>
    internal static IReadOnlyList<IPNetwork> PrimaryRanges(IReadOnlyList<IPAddress?> addresses)
    {
        var known = addresses.OfType<IPAddress>().DefaultIfEmpty(IPAddress.Loopback);
        return [.. known.Select(address => new IPNetwork(address, address.GetAddressBytes().Length * 8))];
    }

    internal static NatOptions? KernelNat(ProxyOptions options)
    {
        if (!options.KernelNat) return null;
        var owned = options.OwnedPath is { } path ? new OwnedFile(path) : null;
        return new NatOptions
        {
            Table = options.NatTable,
            Ranges = options.ServiceRanges,
            PodRanges = options.PodRanges,
            MasqueradeAll = options.MasqueradeAll,
            Owned = owned is null ? null : owned.Record,
        };
    }

    internal static async Task RemoveAsync(IVirtualAddresses addresses, ProxyOptions options, CancellationToken cancellationToken)
    {
        var owned = options.OwnedPath is { } path ? new OwnedFile(path) : null;
        var table = $"nft inet {options.Table}";
        if (options.SavedPath is { } saved && File.Exists(saved)) File.Delete(saved);
        var failed = TryRemoveSocketPath(options);
        try
        {
            await addresses.RemoveAsync(cancellationToken);
        }
        catch (NftException exception) when (exception.Missing && owned?.Has(table) != true)
        {
            // Without nft no table was made, or none that was recorded.
        }
        catch (Exception exception) when (exception is NftException or AggregateException or System.ComponentModel.Win32Exception)
        {
            throw new InvalidOperationException($"cannot remove the routes and rules of services: {exception.Message}", exception);
        }

        if (failed is not null) throw failed;
        owned?.Forget(line => line == table || line.StartsWith("route ", StringComparison.Ordinal) || line.StartsWith("bpffs ", StringComparison.Ordinal)
            || line.StartsWith("rule mark ", StringComparison.Ordinal));
    }

    /// <summary>Takes away what a proxy in another mode left in force: it would go on leading traffic by the last table it knew.</summary>
    internal static async Task RemoveOtherModesAsync(ProxyOptions options, ILoggerFactory logs, CancellationToken cancellationToken)
    {
        if (!options.CaptureVirtualAddresses || !OperatingSystem.IsLinux()) return;
        if (SocketPath(options) is null) RemoveSocketPath(options);
        if (options.KernelNat) await VirtualAddresses(options with { KernelNat = false }, logs).RemoveAsync(cancellationToken);
        else await RemoveNatAsync(options, cancellationToken);
    }

    // First of all, so that nothing is led past what goes next; but what goes next goes whatever became of this.
    private static InvalidOperationException? TryRemoveSocketPath(ProxyOptions options)
    {
        try
        {
            RemoveSocketPath(options);
            return null;
        }
        catch (InvalidOperationException failure)
        {
            return failure;
        }
    }

    internal static SocketLoadBalancerOptions? SocketPath(ProxyOptions options)
    {
        if (!options.ConnectTime || options.KernelNat) return null;
        var owned = options.OwnedPath is { } path ? new OwnedFile(path) : null;
        return new SocketLoadBalancerOptions
        {
            CgroupPath = options.CgroupPath,
            PinPath = options.PinPath,
            NamespaceFolders = options.NamespaceFolders,
            UdpIdleTimeout = options.UdpIdleTimeout,
            Owned = owned is null ? null : owned.Record,
        };
    }

    private static void RemoveSocketPath(ProxyOptions options)
    {
        if (options.PinPath is not { } path) return;
        try
        {
            SocketLoadBalancer.Remove(path);
        }
        catch (Exception exception) when (exception is System.ComponentModel.Win32Exception or IOException or UnauthorizedAccessException)
        {
            throw new InvalidOperationException($"cannot remove the BPF programs of services below {path}: {exception.Message}", exception);
        }
    }

    internal static IVirtualAddresses VirtualAddresses(ProxyOptions options, ILoggerFactory logs)
    {
        if (!options.CaptureVirtualAddresses || !OperatingSystem.IsLinux()) return new HostAddressesOnly();
        var owned = options.OwnedPath is { } path ? new OwnedFile(path) : null;
        var linux = new LinuxAddressOptions
        {
            // Translated before they are routed, virtual addresses need not be local; those the proxy itself answers are made so one by one.
            Ranges = options.KernelNat ? [] : options.ServiceRanges,
            NodeAddresses = options.NodeAddresses,
            Table = options.Table,
            RouteProtocol = options.RouteProtocol,
            PinPath = options.KernelNat ? null : options.PinPath,
            ReturnMark = options.KernelNat ? 0 : options.ReturnMark,
            ReturnTable = options.ReturnTable,
            Owned = owned is null ? null : owned.Record,
        };
        return new LinuxVirtualAddresses(linux, logs.CreateLogger<LinuxVirtualAddresses>());
    }
}

using System.Net;
using System.Net.Sockets;
using Cluster.Cli.Commands;
using Cluster.Containers.Network;

namespace Cluster.Cli.Hosting;

/// <summary>What must hold before <c>up</c> touches anything, so that a failed start leaves nothing half done.</summary>
internal static class Preflight
{
    /// <exception cref="CliException">One line: what, where, what to do.</exception>
    public static void Check(ClusterSettings settings, bool proxyRuns)
    {
        if (!OperatingSystem.IsLinux()) throw new CliException("a node runs on Linux only");
        if (!Environment.IsPrivilegedProcess) throw new CliException("up needs root (routes, containers): run it as root, or with sudo");
        CheckRange(settings.ServiceRange, "services", "--service-cluster-ip-range");
        CheckRange(settings.ClusterCidr, "pods", "--cluster-cidr");
        if (settings.ServiceRange.Contains(settings.ClusterCidr.BaseAddress) || settings.ClusterCidr.Contains(settings.ServiceRange.BaseAddress))
            throw new CliException($"the range of services {settings.ServiceRange} and that of pods {settings.ClusterCidr} overlap: choose another with --cluster-cidr");
        foreach (IPEndPoint endPoint in settings.ApiEndPoints) CheckPort(endPoint, "the API server", "--listen");
        CheckPort(new IPEndPoint(IPAddress.Any, settings.KubeletPort), "the kubelet", "--kubelet-port");
        CheckPort(new IPEndPoint(IPAddress.Loopback, settings.KubeletHealthPort), "the kubelet's health", "--kubelet-healthz-port");
        CheckPort(new IPEndPoint(IPAddress.Loopback, settings.SchedulerPort), "the scheduler", "--scheduler-port");
        CheckPort(new IPEndPoint(IPAddress.Loopback, settings.ControllerManagerPort), "the controller manager", "--controller-manager-port");
        // A proxy of the last run may still serve; it is kept or replaced, and holds its ports rightly.
        if (proxyRuns) return;
        CheckPort(new IPEndPoint(IPAddress.Any, settings.ProxyHealthPort), "the proxy's health", "--proxy-healthz-port");
        CheckPort(new IPEndPoint(IPAddress.Loopback, settings.ProxyMetricsPort), "the proxy's metrics", "--proxy-metrics-port");
    }

    // A range of ours over a network of the host would cut the host off from it.
    private static void CheckRange(IPNetwork range, string what, string option)
    {
        if (RangeCheck.FindOverlap(range) is { } taken)
            throw new CliException($"the range of {what} {range} overlaps {taken} of this machine: choose another with {option}");
    }

    private static void CheckPort(IPEndPoint endPoint, string what, string option)
    {
        try
        {
            using var socket = new Socket(endPoint.AddressFamily, SocketType.Stream, ProtocolType.Tcp);
            // As Kestrel binds: connections of the last run that are still closing are no hindrance.
            socket.SetSocketOption(SocketOptionLevel.Socket, SocketOptionName.ReuseAddress, true);
            socket.Bind(endPoint);
            socket.Listen(1);
        }
        catch (SocketException failure)
        {
            throw new CliException(failure.SocketErrorCode switch
            {
                SocketError.AddressAlreadyInUse => $"{endPoint} ({what}) is taken by another process: stop it or choose another with {option}",
                SocketError.AddressNotAvailable => $"{endPoint.Address} ({what}) is not an address of this machine: choose another with {option}",
                SocketError.AccessDenied => $"no permission to listen on {endPoint} ({what}): run as root or choose another with {option}",
                _ => $"cannot listen on {endPoint} ({what}): {failure.Message}",
            });
        }
    }
}

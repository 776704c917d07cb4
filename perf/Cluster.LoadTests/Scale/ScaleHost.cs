using System.Globalization;
using System.Net;
using Cluster.Dataplane;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Linux.Nftables.Nat;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.SocketLb;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.LoadTests.Scale;

/// <summary>
/// The data plane of a node in a process of its own, with a table that is made up: what the proxy is without the API. Told on standard
/// input which service to move (<c>move NUMBER SET</c>); says <c>ready OPEN FAILED</c> once it serves.
/// </summary>
internal static class ScaleHost
{
    /// <summary>The path that is a mode of the whole data plane: services by the kernel's translation of addresses.</summary>
    public const string Nftables = "nftables";

    /// <summary>The table it makes then, which outlives the process.</summary>
    public const string NatTable = "cluster_bench_nat";

    private static readonly IPNetwork Range = IPNetwork.Parse("10.96.0.0/16");

    public static async Task<int> RunAsync(string path, int services, string pins)
    {
        var addresses = new LinuxVirtualAddresses(
            new LinuxAddressOptions { Ranges = path == Nftables ? [] : [Range], NodeAddresses = [ScaleTable.Node], PinPath = path == Nftables ? null : pins },
            NullLogger<LinuxVirtualAddresses>.Instance);
        await using var dataplane = new NodeDataplane(Options(path), addresses, NullLoggerFactory.Instance, TimeProvider.System);
        int failed = 0;
        string reason = "";
        dataplane.FrontendReported += (_, result) =>
        {
            if (result.IsOpen) return;
            failed++;
            reason = result.Message ?? "";
        };
        await dataplane.StartAsync([], CancellationToken.None);
        ServicePort[] ports = [.. Enumerable.Range(0, services).Select(number => Port(number, path == Nftables ? ServicePath.Auto : Enum.Parse<ServicePath>(path, ignoreCase: true)))];
        for (int number = 0; number < services; number++) dataplane.Directory.Set(ports[number], Backends(number, 0));
        await dataplane.Publish();
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"ready {services - failed} {failed} {reason}"));
        // A thread of its own: reading standard input blocks, and the pool has one thread a core, which the data plane needs.
        await Task.Factory.StartNew(() => Follow(dataplane, ports), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        return 0;
    }

    private static DataplaneOptions Options(string path) => new()
    {
        Threads = 1,
        SocketLb = path == "connect" ? new SocketLoadBalancerOptions { OnlyWhereAsked = true } : null,
        KernelNat = path == Nftables ? new NatOptions { Table = NatTable, Ranges = [Range] } : null,
    };

    private static void Follow(NodeDataplane dataplane, ServicePort[] ports)
    {
        while (Console.In.ReadLine() is { } line)
        {
            string[] words = line.Split(' ');
            if (words[0] != "move") continue;
            int number = int.Parse(words[1], CultureInfo.InvariantCulture);
            dataplane.Directory.Set(ports[number], Backends(number, int.Parse(words[2], CultureInfo.InvariantCulture)));
            // Nobody waits: what counts is when a connection meets the change.
            _ = dataplane.Publish();
        }
    }

    private static ServicePort Port(int number, ServicePath path)
    {
        IPEndPoint place = ScaleTable.Service(number);
        return new ServicePort(new ServicePortId($"bench/service-{number}", ServiceProtocol.Tcp), place.Port) { VirtualAddresses = [place.Address], Path = path };
    }

    // Each service has backends of its own, as in a cluster; that they share places does not matter to the table.
    private static Backend[] Backends(int service, int set) =>
        [.. Enumerable.Range(0, ScaleTable.BackendsPerService).Select(number => new Backend($"pod-{service}-{set}-{number}", ScaleTable.Backend(set, number)))];
}

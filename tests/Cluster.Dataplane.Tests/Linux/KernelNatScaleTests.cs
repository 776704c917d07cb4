using System.Diagnostics;
using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Linux.Nftables.Nat;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tests.Tcp;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>The whole size the product promises, translated by the kernel: times are printed, not asserted.</summary>
[Collection(nameof(Alone))]
public sealed class KernelNatScaleTests(ITestOutputHelper output)
{
    private const string Table = "cluster_nat_scale_test";
    private const int Services = 10_000;
    private const int BackendsEach = 10;
    private const int Changes = 300;

    [Fact]
    public async Task TenThousandServices_LoadChangeAndRestart()
    {
        Assert.SkipUnless(Environment.GetEnvironmentVariable("CLUSTER_NAT_SCALE") == "1", "takes minutes: for those who ask by CLUSTER_NAT_SCALE=1, in a namespace that forwards");
        Assert.SkipUnless(Shell.CanChangeHost && ForwardingNamespace.Forwards, Shell.WhyNot + " and forwarding");
        using var pod = new NetNamespace(690);
        await using var server = new NamespaceServer(pod, ServiceProtocol.Tcp, false, "a", 8080);
        try
        {
            await RunAsync(server, isRestart: false);
            await RunAsync(server, isRestart: true);
        }
        finally
        {
            await NatTable.RemoveAsync(Table, CancellationToken.None);
        }
    }

    private async Task RunAsync(NamespaceServer server, bool isRestart)
    {
        var addresses = new LinuxVirtualAddresses(new LinuxAddressOptions { Table = Table + "_dns", RouteProtocol = 198 }, NullLogger.Instance);
        var options = new DataplaneOptions { KernelNat = new NatOptions { Table = Table, Ranges = [IPNetwork.Parse("198.19.0.0/16")] } };
        await using (var dataplane = new NodeDataplane(options, addresses, NullLoggerFactory.Instance, TimeProvider.System))
        {
            await dataplane.StartAsync([], CancellationToken.None);
            if (isRestart) Assert.StartsWith("a", await AskAsync(77), StringComparison.Ordinal);
            for (var i = 0; i < Services; i++) dataplane.Directory.Set(Port(i), Backends(i, BackendsEach));
            var started = Stopwatch.GetTimestamp();
            await dataplane.Publish();
            output.WriteLine($"{Services} services x {BackendsEach} backends {(isRestart ? "put in place of those of an earlier process" : "made")} in {Stopwatch.GetElapsedTime(started).TotalMilliseconds:F0} ms");
            var times = new List<double>();
            for (var i = 0; i < Changes; i++)
            {
                dataplane.Directory.Set(Port(i * 7), Backends(i * 7, BackendsEach - 1));
                started = Stopwatch.GetTimestamp();
                await dataplane.Publish();
                times.Add(Stopwatch.GetElapsedTime(started).TotalMilliseconds);
            }

            times.Sort();
            output.WriteLine($"a change of one backend: p50 {times[Changes / 2]:F2} ms, p99 {times[Changes * 99 / 100]:F2} ms, most {times[^1]:F2} ms");
            dataplane.Directory.Set(Port(77), [new Backend("a", server.EndPoint)]);
            await dataplane.Publish();
            Assert.StartsWith("a", await AskAsync(77), StringComparison.Ordinal);
        }

        await addresses.RemoveAsync(CancellationToken.None);
    }

    private static async Task<string> AskAsync(int service)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        await socket.ConnectAsync(Address(service), 80);
        return await socket.ReceiveTextToEndAsync();
    }

    private static IPAddress Address(int i) => IPAddress.Parse($"198.19.{i >> 8}.{i & 255}");

    private static ServicePort Port(int i) => new(new ServicePortId($"scale/service-{i}", ServiceProtocol.Tcp), 80) { VirtualAddresses = [Address(i)] };

    private static Backend[] Backends(int service, int count) =>
        [.. Enumerable.Range(0, count).Select(i => new Backend($"5b0bbd0e-98f2-4d4f-8a0c-{service:d8}{i:d4}", new IPEndPoint(new IPAddress([10, (byte)(service >> 8), (byte)service, (byte)i]), 8080)))];
}

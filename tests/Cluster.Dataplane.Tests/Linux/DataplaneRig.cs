using System.Collections.Concurrent;
using System.Net;
using System.Net.Sockets;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tests.Tcp;
using Cluster.Dataplane.Tests.Udp;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>A data plane with ranges, a table and a routing protocol number of its own, so that rigs and a running cluster don't meet.</summary>
internal sealed class DataplaneRig : IAsyncDisposable
{
    private static int _count;

    public DataplaneRig(LinuxAddressOptions? options = null, DataplaneOptions? dataplane = null, Capture capture = Capture.Guard)
    {
        // A part of addresses, so that it begins again before it is too large for them.
        Number = 1 + (Interlocked.Increment(ref _count) % 200);
        Options = options ?? new LinuxAddressOptions
        {
            Ranges = [IPNetwork.Parse($"10.198.{Number}.0/24"), IPNetwork.Parse($"fd00:10:198:{Number}::/112")],
            Table = $"cluster_test_{Number}",
            RouteProtocol = (byte)(200 + Number % 25),
            PinPath = capture == Capture.Lookup ? Path.Combine(Path.GetTempPath(), $"cluster-test-{Environment.ProcessId}-{Number}") : null,
            ReturnMark = 1u << (8 + (Number % 20)),
            ReturnTable = (byte)(110 + (Number % 100)),
            Owned = Owned.Enqueue,
        };
        Addresses = new LinuxVirtualAddresses(Options, NullLogger.Instance);
        Dataplane = new NodeDataplane(dataplane ?? new DataplaneOptions { RetryPeriod = TimeSpan.FromMilliseconds(200) }, Addresses, NullLoggerFactory.Instance, TimeProvider.System);
        Dataplane.FrontendReported += (frontend, result) => Reports.Enqueue((frontend, result));
    }

    public int Number { get; }

    public LinuxAddressOptions Options { get; }

    public LinuxVirtualAddresses Addresses { get; }

    public NodeDataplane Dataplane { get; }

    public ConcurrentQueue<string> Owned { get; } = new();

    public ConcurrentQueue<(Frontend Frontend, FrontendResult Result)> Reports { get; } = new();

    /// <summary>Nothing that could not be opened is waited for any more.</summary>
    public bool IsWhole => Reports.GroupBy(report => report.Frontend).All(ofOne => ofOne.Last().Result.Error is FrontendError.None or FrontendError.Withdrawn);

    public IPAddress Vip(int host) => IPAddress.Parse($"10.198.{Number}.{host}");

    public IPAddress Vip6(int host) => IPAddress.Parse($"fd00:10:198:{Number}::{host:x}");

    public async Task<DataplaneRig> StartAsync()
    {
        await Dataplane.StartAsync([], CancellationToken.None);
        // Where it may not be loaded the tests of the guard have shown what there is; here nothing else may pass for it.
        if (Options.PinPath is not null && Addresses.Steering is null)
        {
            await DisposeAsync();
            Assert.Skip("BPF is not available here");
        }

        return this;
    }

    public async Task SetAsync(ServicePort port, params IPEndPoint[] backends)
    {
        Dataplane.Directory.Set(port, [.. backends.Select(backend => new Backend(backend.ToString(), backend))]);
        await Dataplane.Publish();
    }

    public ServicePort Port(int host, int port, ServiceProtocol protocol = ServiceProtocol.Tcp, int nodePort = 0, ServicePath path = ServicePath.Auto) =>
        new(new ServicePortId($"test/s{host}:{port}", protocol), port) { VirtualAddresses = [Vip(host), Vip6(host)], NodePort = nodePort, Path = path };

    public async ValueTask DisposeAsync()
    {
        await Dataplane.DisposeAsync();
        await Addresses.RemoveAsync(CancellationToken.None);
    }

    /// <summary>What a TCP service answers to a socket, made by the caller wherever it lives.</summary>
    public static async Task<string> AskTcpAsync(Socket socket, IPEndPoint endPoint)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(5));
        using (socket)
        {
            await socket.ConnectAsync(endPoint, patience.Token);
            return await socket.ReceiveTextToEndAsync();
        }
    }

    /// <summary>What a UDP service answers to a socket.</summary>
    public static async Task<string> AskUdpAsync(Socket socket, IPEndPoint endPoint)
    {
        using (socket)
        {
            await socket.ConnectAsync(endPoint);
            return await UdpRelayRig.AskAsync(socket, "x");
        }
    }
}

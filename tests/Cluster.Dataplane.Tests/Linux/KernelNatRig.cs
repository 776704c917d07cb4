using System.Net;
using System.Net.Sockets;
using System.Text;
using Cluster.Dataplane.Linux;
using Cluster.Dataplane.Linux.Nftables.Nat;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.Tests.Tcp;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Dataplane.Tests.Linux;

/// <summary>A data plane that has the kernel translate, beside two pods and a machine beyond the cluster, each a namespace.</summary>
public abstract class KernelNatRig : IAsyncLifetime
{
    private static int _count;
    private readonly List<NamespaceServer> _servers = [];
    private readonly List<NetNamespace> _namespaces = [];
    private LinuxVirtualAddresses _addresses = null!;

    /// <summary>Tells what this test makes in the kernel from what others make.</summary>
    private protected int Number { get; } = 1 + (Interlocked.Increment(ref _count) % 100);

    private protected NodeDataplane Dataplane { get; private set; } = null!;

    /// <summary>A machine beyond the cluster.</summary>
    private protected NetNamespace Remote => _namespaces[2];

    private protected string Table => $"cluster_nat_test_{Number}";

    public async ValueTask InitializeAsync()
    {
        // A host may forward and yet drop what a container engine did not ask for.
        Assert.SkipUnless(Shell.CanChangeHost && ForwardingNamespace.IsHere, "run by KernelNatNamespaceTests");
        for (var i = 0; i < 3; i++) _namespaces.Add(new NetNamespace(700 + (3 * Number) + i - 3));
        await StartAsync();
    }

    private protected async Task StartAsync(TimeSpan? verifyPeriod = null, bool masqueradeAll = false)
    {
        _addresses = new LinuxVirtualAddresses(new LinuxAddressOptions { Table = $"cluster_nat_dns_{Number}", RouteProtocol = 199 }, NullLogger.Instance);
        var options = new DataplaneOptions
        {
            VerifyPeriod = verifyPeriod ?? TimeSpan.FromSeconds(30),
            KernelNat = new NatOptions
            {
                Table = Table,
                MasqueradeAll = masqueradeAll,
                Ranges = [IPNetwork.Parse($"10.197.{100 + Number}.0/24"), IPNetwork.Parse($"fd00:10:197:{100 + Number}::/112")],
                // The second namespace is a pod, the third a machine beyond the cluster.
                PodRanges = [new IPNetwork(Pod(0).Address, 32), new IPNetwork(Pod(1).Address, 32), new IPNetwork(Pod(0).Address6, 128), new IPNetwork(Pod(1).Address6, 128)],
            },
        };
        Dataplane = new NodeDataplane(options, _addresses, NullLoggerFactory.Instance, TimeProvider.System);
        await Dataplane.StartAsync([], CancellationToken.None);
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (Dataplane is null) return;
        await Dataplane.DisposeAsync();
        await NatTable.RemoveAsync(Table, CancellationToken.None);
        await _addresses.RemoveAsync(CancellationToken.None);
        foreach (var server in _servers) await server.DisposeAsync();
        foreach (var ns in _namespaces) ns.Dispose();
        Assert.DoesNotContain(Table + "\n", Shell.Run("nft", "list", "tables"), StringComparison.Ordinal);
    }

    private protected ServicePort Sticky(bool v6) =>
        new(new ServicePortId("nat/sticky", ServiceProtocol.Tcp), 80) { VirtualAddresses = [Vip(10, v6)], AffinityTimeout = TimeSpan.FromMinutes(5) };

    private protected ServicePort Named(string name) => new(new ServicePortId(name, ServiceProtocol.Tcp), 80) { VirtualAddresses = [Vip(10, false)] };

    private protected NetNamespace Pod(int number) => _namespaces[number];

    private protected IPAddress Vip(int host, bool v6) => IPAddress.Parse(v6 ? $"fd00:10:197:{100 + Number}::{host:x}" : $"10.197.{100 + Number}.{host}");

    private protected ServicePort Port(ServiceProtocol protocol) => new(new ServicePortId("nat/web", protocol), 80) { VirtualAddresses = [Vip(10, false), Vip(10, true)], NodePort = FreePort.Tcp() };

    private protected Task SetAsync(ServicePort port, params IPEndPoint[] backends)
    {
        Dataplane.Directory.Set(port, [.. backends.Select(backend => new Backend(backend.ToString(), backend))]);
        return Dataplane.Publish();
    }

    private protected IPEndPoint Server(int pod, ServiceProtocol protocol, bool v6, string name)
    {
        var server = new NamespaceServer(Pod(pod), protocol, v6, name, FreePort.Tcp());
        _servers.Add(server);
        return server.EndPoint;
    }

    // An answer that is under way while the kernel forgets its flow is lost.
    private protected static async Task<string?> TryAskAsync(Socket socket, int patienceMilliseconds = 1000)
    {
        try
        {
            return await AskAsync(socket, TimeSpan.FromMilliseconds(patienceMilliseconds));
        }
        catch (Exception exception) when (exception is SocketException or OperationCanceledException)
        {
            return null;
        }
    }

    private protected static async Task<string> AskAsync(NetNamespace? ns, IPEndPoint target, ServiceProtocol protocol, int patienceSeconds = 10)
    {
        using var socket = await ConnectAsync(ns, target, protocol, patienceSeconds);
        return await AskAsync(socket, TimeSpan.FromSeconds(patienceSeconds));
    }

    private protected static async Task<Socket> ConnectAsync(NetNamespace? ns, IPEndPoint target, ServiceProtocol protocol, int patienceSeconds = 10)
    {
        var type = protocol == ServiceProtocol.Tcp ? SocketType.Stream : SocketType.Dgram;
        var socket = ns?.Socket(target.AddressFamily, type, 0) ?? new Socket(target.AddressFamily, type, 0);
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(patienceSeconds));
        try
        {
            await socket.ConnectAsync(target, patience.Token);
            return socket;
        }
        catch
        {
            socket.Dispose();
            throw;
        }
    }

    private protected static async Task<string> AskAsync(Socket socket, TimeSpan? limit = null)
    {
        if (socket.SocketType == SocketType.Stream)
        {
            socket.Shutdown(SocketShutdown.Send);
            return await socket.ReceiveTextToEndAsync();
        }

        using var patience = new CancellationTokenSource(limit ?? TimeSpan.FromSeconds(10));
        await socket.SendAsync("x"u8.ToArray());
        var buffer = new byte[64];
        return Encoding.ASCII.GetString(buffer, 0, await socket.ReceiveAsync(buffer, patience.Token));
    }

    private protected static async Task RefusedAsync(NetNamespace? ns, IPEndPoint target, ServiceProtocol protocol)
    {
        var refused = await Assert.ThrowsAsync<SocketException>(() => AskAsync(ns, target, protocol));
        // A datagram of the node itself is refused as it is sent, which the kernel calls "not permitted".
        Assert.Contains(refused.SocketErrorCode, new[] { SocketError.ConnectionRefused, SocketError.AccessDenied });
    }
}

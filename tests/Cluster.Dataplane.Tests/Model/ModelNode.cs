using System.Net;
using Cluster.Dataplane.Addresses;
using Cluster.Dataplane.Linux.Nftables.Nat;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.SocketLb;
using Cluster.Dataplane.Tests.Linux;
using Cluster.Dataplane.Tests.Linux.Bpf;
using Cluster.Testing;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Dataplane.Tests.Model;

/// <summary>A data plane on one of the paths, and what is left of it when its process is another.</summary>
internal sealed class ModelNode(ModelPath path) : IAsyncDisposable
{
    private const string Table = "cluster_model_test";
    private static int _count;
    private readonly int _number = Interlocked.Increment(ref _count);
    private readonly BpfFolder? _pins = path == ModelPath.Connect ? new BpfFolder() : null;
    private DataplaneRig? _rig;
    private NodeDataplane? _dataplane;

    public NodeDataplane Dataplane => _dataplane!;

    public ServicePath Path => path switch
    {
        ModelPath.Managed => ServicePath.Managed,
        ModelPath.Connect => ServicePath.Connect,
        _ => ServicePath.Loop,
    };

    /// <summary>A backend that comes back may have clients back that it had before: the rules remember clients by backend.</summary>
    public bool RemembersClientsOfAll => path == ModelPath.Nftables;

    public static string? WhyNot(ModelPath path) => path switch
    {
        ModelPath.Loop when !OperatingSystem.IsLinux() => "there are no loops here",
        ModelPath.Lookup or ModelPath.Connect or ModelPath.Nftables when !Shell.CanChangeHost => Shell.WhyNot,
        ModelPath.Lookup or ModelPath.Connect when !BpfSupport.CanRun => BpfSupport.WhyNot,
        ModelPath.Nftables when !ForwardingNamespace.IsHere => "run by KernelNatNamespaceTests",
        _ => null,
    };

    /// <summary>Places of services; on loopback, where every address is this host's, unless a range is captured.</summary>
    public IPAddress ServiceAddress(int index) => path switch
    {
        ModelPath.Lookup => IPAddress.Parse(FormattableString.Invariant($"10.198.{_rangeNumber}.{index + 1}")),
        ModelPath.Nftables => IPAddress.Parse(FormattableString.Invariant($"10.196.0.{index + 1}")),
        _ => Loopback(1, index),
    };

    public IPAddress PodAddress(int index) => Loopback(2, index);

    private int _rangeNumber;

    public async Task StartAsync()
    {
        if (path == ModelPath.Lookup)
        {
            _rig = new DataplaneRig(_rig?.Options, capture: Capture.Lookup);
            if (_rangeNumber == 0) _rangeNumber = _rig.Number;
            await _rig.StartAsync();
            _dataplane = _rig.Dataplane;
            return;
        }

        var options = new DataplaneOptions
        {
            SocketLb = _pins is null ? null : new SocketLoadBalancerOptions { PinPath = _pins.Path, OnlyWhereAsked = true },
            KernelNat = path == ModelPath.Nftables ? new NatOptions { Table = Table, Ranges = [IPNetwork.Parse("10.196.0.0/24")] } : null,
        };
        _dataplane = new NodeDataplane(options, new HostAddressesOnly(), NullLoggerFactory.Instance, TimeProvider.System);
        await _dataplane.StartAsync([], CancellationToken.None);
    }

    /// <summary>The process ends, and what it has in the kernel stays for the next.</summary>
    public ValueTask StopAsync() => Dataplane.DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        if (_rig is not null) await _rig.DisposeAsync();
        else if (_dataplane is not null) await _dataplane.DisposeAsync();
        if (path == ModelPath.Nftables) await NatTable.RemoveAsync(Table, CancellationToken.None);
        _pins?.Dispose();
    }

    // Other runs of these tests may go on beside.
    private IPAddress Loopback(int part, int index) => new([127, (byte)(1 + (Environment.ProcessId % 250)), (byte)((_number * 4) + part), (byte)(index + 1)]);
}

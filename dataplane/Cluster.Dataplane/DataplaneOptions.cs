using System.Net;
using Cluster.Dataplane.Handover;
using Cluster.Dataplane.Linux.Nftables.Nat;
using Cluster.Dataplane.Services;
using Cluster.Dataplane.SocketLb;
using Cluster.Dataplane.Tcp;
using Cluster.Dataplane.Udp;

namespace Cluster.Dataplane;

/// <summary>How the data plane of a node runs. Read at start.</summary>
public sealed record DataplaneOptions
{
    /// <summary>Threads of the loop path; 0: one a core.</summary>
    public int Threads { get; init; }

    public TcpRelayOptions Tcp { get; init; } = new();

    public UdpRelayOptions Udp { get; init; } = new();

    /// <summary>When backends that do not take connections are left out of balancing.</summary>
    public PenaltyBoxOptions PenaltyBox { get; init; } = new();

    /// <summary>The connect-time path; null: off.</summary>
    public SocketLoadBalancerOptions? SocketLb { get; init; }

    /// <summary>The ranges pods have their addresses from: with the node itself, the clients that count as inside the cluster.</summary>
    public IReadOnlyList<IPNetwork> PodRanges { get; init; } = [];

    /// <summary>Services are translated by the kernel instead of relayed; null: relayed.</summary>
    public NatOptions? KernelNat { get; init; }

    /// <summary>Where listening sockets come from and go to when one process takes over from another.</summary>
    public HandoverSockets Sockets { get; init; } = new();

    /// <summary>How often a frontend that could not be opened is tried again.</summary>
    public TimeSpan RetryPeriod { get; init; } = TimeSpan.FromSeconds(2);

    /// <summary>How often routes and rules are checked for what others have flushed.</summary>
    public TimeSpan VerifyPeriod { get; init; } = TimeSpan.FromSeconds(30);
}

using System.Net;
using Cluster.Dataplane.Health;
using Cluster.Dataplane.Services;

namespace Cluster.Proxy.Config;

/// <summary>What a load balancer file says.</summary>
/// <param name="Threads">Loops of the loop path; the managed path shares the runtime's threads. Null: one a core.</param>
public sealed record LoadBalancerConfig(int? Threads, IReadOnlyList<LoadBalancerService> Services)
{
    /// <summary>Where <c>/metrics</c> and <c>/healthz</c> are served; null for nowhere.</summary>
    public IPEndPoint? Metrics { get; init; }

    /// <summary>How long each of the attempts to reach a backend may take; null: short first, as the relays' options say.</summary>
    public TimeSpan? ConnectTimeout { get; init; }
}

/// <summary>One entry of <c>services</c>.</summary>
public sealed record LoadBalancerService(string Name, IPEndPoint Listen, ServiceProtocol Protocol, string Policy, IReadOnlyList<LoadBalancerBackend> Backends)
{
    /// <summary>Kubernetes' default for affinity to a client address.</summary>
    private static readonly TimeSpan AffinityTimeout = TimeSpan.FromHours(3);

    public ServicePath Path { get; init; }

    public UdpMode UdpMode { get; init; }

    public bool ProxyProtocol { get; init; }

    public bool Replay { get; init; }

    public bool Rebalance { get; init; }

    public TimeSpan MaxConnectionAge { get; init; }

    public HealthCheck? HealthCheck { get; init; }

    public TimeSpan IdleTimeout { get; init; }

    public int MaxConnections { get; init; }

    internal ServicePortId Id => new(Name, Protocol);

    internal ServicePlace Place => new(Id, Listen);

    internal ServicePort ToServicePort()
    {
        var everywhere = Listen.Address.Equals(IPAddress.Any) || Listen.Address.Equals(IPAddress.IPv6Any);
        return new ServicePort(Id, Listen.Port)
        {
            ExternalAddresses = everywhere ? [] : [Listen.Address],
            NodePort = everywhere ? Listen.Port : 0,
            Path = Path,
            UdpMode = UdpMode,
            ProxyProtocol = ProxyProtocol,
            Replay = Replay,
            Rebalance = Rebalance,
            MaxConnectionAge = MaxConnectionAge,
            HealthCheck = HealthCheck,
            IdleTimeout = IdleTimeout,
            MaxConnections = MaxConnections,
            Policy = Policy == LoadBalancerFile.ClientIp ? null : Policy,
            AffinityTimeout = Policy == LoadBalancerFile.ClientIp ? AffinityTimeout : TimeSpan.Zero,
        };
    }

    internal Backend[] ToBackends() => [.. Backends.Select(backend => new Backend(backend.Address.ToString(), backend.Address) { Weight = backend.Weight })];
}

/// <summary>One entry of a service's <c>backends</c>.</summary>
/// <param name="Weight">Its share for the policies that weigh.</param>
public sealed record LoadBalancerBackend(IPEndPoint Address, int Weight = 1);

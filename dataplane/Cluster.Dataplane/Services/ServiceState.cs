using Cluster.Dataplane.Balancing;

namespace Cluster.Dataplane.Services;

/// <summary>What balancing remembers of a service port from table to table. Written by every loop that picks.</summary>
/// <param name="traffic">What was counted under an earlier way of balancing; it goes on.</param>
public sealed class ServiceState(ServiceTraffic? traffic = null)
{
    private uint _cursor = uint.MaxValue;
    private AffinityMap? _affinity;
    private ServiceTraffic? _traffic = traffic;

    /// <summary>The next turn of round robin; the first is 0. One interlocked add.</summary>
    public uint NextTurn() => Interlocked.Increment(ref _cursor);

    /// <summary>Which client has which backend; made by the first pick that needs it.</summary>
    public AffinityMap Affinity => Volatile.Read(ref _affinity) ?? CreateAffinity();

    /// <summary>What relays counted; made by the first that does.</summary>
    public ServiceTraffic Traffic => Volatile.Read(ref _traffic) ?? CreateTraffic();

    /// <summary>The counts if there are any: most of many services never have a connection here.</summary>
    public ServiceTraffic? TrafficOrNull => Volatile.Read(ref _traffic);

    /// <summary>The map if any pick has made it.</summary>
    public AffinityMap? AffinityOrNull => Volatile.Read(ref _affinity);

    private ServiceTraffic CreateTraffic()
    {
        var created = new ServiceTraffic();
        return Interlocked.CompareExchange(ref _traffic, created, null) ?? created;
    }

    // Two loops may race to make it: the first one published is used by both.
    private AffinityMap CreateAffinity()
    {
        var created = new AffinityMap();
        return Interlocked.CompareExchange(ref _affinity, created, null) ?? created;
    }
}

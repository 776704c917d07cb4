using Cluster.Dataplane.Balancing;

namespace Cluster.Dataplane.Services;

/// <summary>What balancing remembers of a service port from table to table. Written by every loop that picks.</summary>
public sealed class ServiceState
{
    private uint _cursor = uint.MaxValue;
    private AffinityMap? _affinity;

    /// <summary>The next turn of round robin; the first is 0. One interlocked add.</summary>
    public uint NextTurn() => Interlocked.Increment(ref _cursor);

    /// <summary>Which client has which backend; made by the first pick that needs it.</summary>
    public AffinityMap Affinity => Volatile.Read(ref _affinity) ?? CreateAffinity();

    /// <summary>The map if any pick has made it.</summary>
    public AffinityMap? AffinityOrNull => Volatile.Read(ref _affinity);

    // Two loops may race to make it: the first one published is used by both.
    private AffinityMap CreateAffinity()
    {
        var created = new AffinityMap();
        return Interlocked.CompareExchange(ref _affinity, created, null) ?? created;
    }
}

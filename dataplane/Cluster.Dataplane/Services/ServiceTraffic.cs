namespace Cluster.Dataplane.Services;

/// <summary>What this node's relays counted of a service port. Written once or twice a connection by any thread, read when somebody asks.</summary>
public sealed class ServiceTraffic
{
    private static readonly int Reasons = Enum.GetValues<DropReason>().Length;

    private readonly long[] _drops = new long[Reasons];
    private long _retries;

    /// <summary>From dialling a backend to its yes; tries that failed are not in it.</summary>
    public LatencyHistogram ConnectTimes { get; } = new();

    /// <summary>Connections that were given to another backend because one did not take them.</summary>
    public long Retries => Interlocked.Read(ref _retries);

    public long Drops(DropReason reason) => Interlocked.Read(ref _drops[(int)reason]);

    public void Retried() => Interlocked.Increment(ref _retries);

    public void Dropped(DropReason reason) => Interlocked.Increment(ref _drops[(int)reason]);
}

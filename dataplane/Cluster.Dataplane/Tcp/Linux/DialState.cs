using Cluster.Dataplane.Balancing;

namespace Cluster.Dataplane.Tcp.Linux;

/// <summary>What is known of a connection's way to a backend until it has arrived: kept apart, for most connections arrive at once and then rest for long.</summary>
/// <remarks>Pooled by <see cref="BackendConnector"/>.</remarks>
internal sealed class DialState
{
    /// <summary>When looking for a backend is given up, in milliseconds of the loop's clock.</summary>
    public long ConnectBy { get; set; }

    /// <summary>When the backend was dialled, by the timestamps of <see cref="System.Diagnostics.Stopwatch"/>.</summary>
    public long DialledAt { get; set; }

    /// <summary>The backends that were tried in vain; null or empty for most.</summary>
    public TriedBackends? Tried { get; set; }

    /// <summary>Its place among those that wait for a backend's answer; -1: it does not wait.</summary>
    public int Place { get; set; } = -1;
}

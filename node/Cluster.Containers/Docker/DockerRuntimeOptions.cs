using Cluster.Containers.Network;

namespace Cluster.Containers.Docker;

/// <summary>How to reach the engine and what of it is ours.</summary>
public sealed record DockerRuntimeOptions
{
    public static readonly Uri DefaultEndpoint = new("unix:///var/run/docker.sock");

    public Uri Endpoint { get; init; } = DefaultEndpoint;

    /// <summary>Value of the instance label: only containers that bear it are seen or touched.</summary>
    public string Instance { get; init; } = "cluster";

    public NodeNetworkOptions Network { get; init; } = new();

    /// <summary>Short calls in flight at once. Docker serialises much inside; past this only its queues grow.</summary>
    public int ParallelCalls { get; init; } = 16;

    /// <summary>Pulls in flight at once.</summary>
    public int ParallelPulls { get; init; } = 3;

    /// <summary>Limit of a short call: creating and starting take seconds on a loaded disk.</summary>
    public TimeSpan CallTimeout { get; init; } = TimeSpan.FromMinutes(2);

    /// <summary>Limit of the list call: past it the engine counts as hung.</summary>
    public TimeSpan ListTimeout { get; init; } = TimeSpan.FromSeconds(30);

    public TimeSpan PullTimeout { get; init; } = TimeSpan.FromMinutes(15);

    /// <summary>Bytes of one json-file log before it is rotated.</summary>
    public string LogMaxSize { get; init; } = "10m";

    public int LogMaxFiles { get; init; } = 5;
}

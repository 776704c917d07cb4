using Cluster.Api.CoreV1;

namespace Cluster.Kubelet.Lifecycle;

/// <summary>What has to be done so that what runs becomes what is wanted. Immutable.</summary>
public sealed record PodPlan
{
    /// <summary>No sandbox runs: stop what is left and make a new one with this attempt.</summary>
    public int? NewSandboxAttempt { get; init; }

    /// <summary>All that was to run has run: stop what is left and keep it for its logs.</summary>
    public bool IsComplete { get; init; }

    public IReadOnlyList<KillOrder> Kill { get; init; } = [];

    public IReadOnlyList<StartOrder> Start { get; init; } = [];
}

/// <summary>A running container that must stop, with the words of the event.</summary>
public sealed record KillOrder(SeenContainer Container, string Message);

/// <summary>A container to start.</summary>
/// <param name="Attempt">0 for the first.</param>
/// <param name="Previous">The one that ended before; null for the first.</param>
public sealed record StartOrder(Container Container, int Attempt, SeenContainer? Previous)
{
    /// <summary>Id of the container whose processes it sees, as an ephemeral container may ask; empty for none.</summary>
    public string ProcessesOf { get; init; } = "";
}

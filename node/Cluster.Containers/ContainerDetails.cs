namespace Cluster.Containers;

/// <summary>The state of one container in full. Immutable.</summary>
public sealed record ContainerDetails
{
    public required string Id { get; init; }

    public required ContainerRunState State { get; init; }

    /// <summary>Null for a container that never started.</summary>
    public DateTimeOffset? StartedAt { get; init; }

    /// <summary>Null while it runs.</summary>
    public DateTimeOffset? FinishedAt { get; init; }

    public int ExitCode { get; init; }

    public bool OomKilled { get; init; }

    /// <summary>Why the engine could not start it; empty otherwise.</summary>
    public string Error { get; init; } = "";

    /// <summary>The first process's id on the host; 0 when it does not run.</summary>
    public long ProcessId { get; init; }

    /// <summary>The sandbox's address in the pod network; empty on the host's network.</summary>
    public string Address { get; init; } = "";
}

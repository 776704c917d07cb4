namespace Cluster.Containers;

/// <summary>What a container does now, as a list tells it.</summary>
public enum ContainerRunState
{
    Created,
    Running,
    Exited,
    Unknown,
}

/// <summary>One row of the list of containers: a sandbox or a container of a pod. Immutable.</summary>
public sealed record ObservedContainer
{
    public required string Id { get; init; }

    public required string Name { get; init; }

    public required ContainerRunState State { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>The image as it was named at creation.</summary>
    public string Image { get; init; } = "";

    public string ImageId { get; init; } = "";

    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    /// <summary>The sandbox's address in the pod network; empty for containers and on the host's network.</summary>
    public string Address { get; init; } = "";

    public bool IsSandbox => Label(ContainerLabels.Type) == ContainerLabels.SandboxType;

    public string PodUid => Label(ContainerLabels.PodUid);

    public string PodName => Label(ContainerLabels.PodName);

    public string PodNamespace => Label(ContainerLabels.PodNamespace);

    public string ContainerName => Label(ContainerLabels.ContainerName);

    /// <summary>The hash of the spec it was made from.</summary>
    public string Hash => Label(ContainerLabels.Hash);

    /// <summary>How often the container was made anew before this one (a sandbox: its attempt).</summary>
    public int Attempt => int.TryParse(Label(ContainerLabels.RestartCount), out var attempt) ? attempt : 0;

    public string SandboxId => Label(ContainerLabels.SandboxId);

    /// <summary>The label's value, or the empty string.</summary>
    public string Label(string name) => Labels.TryGetValue(name, out var value) ? value : "";
}

using Cluster.Containers;

namespace Cluster.Kubelet.Lifecycle;

/// <summary>One container of a pod as seen now: its row and what an inspection told when its state last changed.</summary>
public sealed record SeenContainer(ObservedContainer Row, ContainerDetails Details)
{
    public string Id => Row.Id;

    public bool IsRunning => Row.State == ContainerRunState.Running;

    /// <summary>It ended, or could not be started: either way it will not run again.</summary>
    public bool IsDead => Row.State == ContainerRunState.Exited || FailedToStart;

    public bool FailedToStart => Row.State == ContainerRunState.Created && Details.Error.Length > 0;

    /// <summary>Made but not started, by a kubelet that went away in between: of no use.</summary>
    public bool IsStillborn => Row.State == ContainerRunState.Created && Details.Error.Length == 0;

    public bool Succeeded => Row.State == ContainerRunState.Exited && Details.ExitCode == 0;

    public DateTimeOffset FinishedAt => Details.FinishedAt ?? Row.CreatedAt;
}

/// <summary>All of a pod's containers at one moment, the newest of each name first. Immutable.</summary>
public sealed class PodObservation
{
    private readonly ILookup<string, SeenContainer> containers;

    public PodObservation(IEnumerable<SeenContainer> seen)
    {
        var all = seen.OrderByDescending(container => container.Row.Attempt).ThenByDescending(container => container.Row.CreatedAt)
            .ToList();
        Sandboxes = all.Where(container => container.Row.IsSandbox).ToList();
        Containers = all.Where(container => !container.Row.IsSandbox).ToList();
        containers = Containers.ToLookup(container => container.Row.ContainerName);
    }

    public static PodObservation Empty { get; } = new([]);

    public IReadOnlyList<SeenContainer> Sandboxes { get; }

    public IReadOnlyList<SeenContainer> Containers { get; }

    public SeenContainer? RunningSandbox => Sandboxes.FirstOrDefault(sandbox => sandbox.IsRunning);

    public bool IsEmpty => Sandboxes.Count == 0 && Containers.Count == 0;

    public IEnumerable<SeenContainer> Running => Containers.Where(container => container.IsRunning);

    public SeenContainer? Newest(string name) => containers[name].FirstOrDefault();

    /// <summary>The newest that ended, other than the newest of all if that one ended too.</summary>
    public SeenContainer? Previous(string name) => containers[name].Skip(1).FirstOrDefault(container => container.IsDead);

    public IEnumerable<SeenContainer> All(string name) => containers[name];
}

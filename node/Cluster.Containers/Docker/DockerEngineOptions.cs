namespace Cluster.Containers.Docker;

/// <summary>Where to look for the engine and what may be done to get one.</summary>
public sealed record DockerEngineOptions
{
    public Uri Endpoint { get; init; } = DockerRuntimeOptions.DefaultEndpoint;

    /// <summary>The cluster's data root: what we do to the host is recorded in its file <c>owned</c>.</summary>
    public required string DataRoot { get; init; }

    /// <summary>More arguments for an engine that is started without a service.</summary>
    public IReadOnlyList<string> DaemonArguments { get; init; } = [];

    /// <summary>How long a started engine may take to answer.</summary>
    public TimeSpan StartLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a running engine may take to answer a ping; past it it counts as hung.</summary>
    public TimeSpan ProbeLimit { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long the engine may take to stop.</summary>
    public TimeSpan StopLimit { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Where the engine writes its process id.</summary>
    public string PidFile { get; init; } = "/var/run/docker.pid";
}

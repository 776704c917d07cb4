namespace Cluster.Containers;

/// <summary>The container engine of a node, as the kubelet uses it. Safe for concurrent use.</summary>
/// <remarks>
/// Every failure of the engine is a <see cref="RuntimeException"/>; every call is bounded in time, so a hung engine shows as
/// <see cref="RuntimeFailure.Timeout"/>. Calls on different containers never wait for each other beyond the runtime's bound on
/// parallel calls, and calls that may take long by design (stop, exec, pull, logs, events) do not count towards that bound.
/// </remarks>
public interface IContainerRuntime
{
    Task<RuntimeInfo> GetInfoAsync(CancellationToken cancellationToken);

    /// <summary>Every container and sandbox of this instance, in any state, in one call to the engine.</summary>
    Task<IReadOnlyList<ObservedContainer>> ListAsync(CancellationToken cancellationToken);

    /// <summary>What a list does not tell: exact times, exit code, OOM. Ask on a change of state, never per period.</summary>
    Task<ContainerDetails> InspectAsync(string id, CancellationToken cancellationToken);

    /// <summary>Changes of this instance's containers, from now on, until the engine goes away (the enumeration ends).</summary>
    IAsyncEnumerable<RuntimeEvent> WatchAsync(CancellationToken cancellationToken);

    /// <summary>Creates and starts a pod's sandbox; returns its id.</summary>
    Task<string> RunSandboxAsync(SandboxSpec sandbox, CancellationToken cancellationToken);

    /// <summary>Creates a container; returns its id.</summary>
    Task<string> CreateAsync(ContainerSpec container, CancellationToken cancellationToken);

    Task StartAsync(string id, CancellationToken cancellationToken);

    /// <summary>The image's stop signal, and SIGKILL after the grace. Stopping what is stopped or gone is no error.</summary>
    Task StopAsync(string id, TimeSpan grace, CancellationToken cancellationToken);

    /// <summary>Removes, killing if it runs. Removing what is gone is no error.</summary>
    Task RemoveAsync(string id, CancellationToken cancellationToken);

    /// <summary>Runs a command in the container and waits for it, at most for <paramref name="timeout"/>.</summary>
    Task<ExecResult> ExecAsync(string id, IReadOnlyList<string> command, TimeSpan timeout, CancellationToken cancellationToken);

    /// <summary>Starts a command in the container whose streams the caller holds; it ends by itself or when the session is disposed.</summary>
    Task<IContainerSession> StartExecAsync(string id, SessionSpec spec, CancellationToken cancellationToken);

    /// <summary>Joins the streams of the container's first process, from now on.</summary>
    /// <param name="id">A running container.</param>
    /// <param name="spec">Which streams; the terminal must be as the container was made.</param>
    /// <param name="cancellationToken">Ends the wait for the engine, not the session.</param>
    /// <exception cref="RuntimeException">The container does not run (<see cref="RuntimeFailure.Conflict"/>), or the engine failed.</exception>
    Task<IContainerSession> AttachAsync(string id, SessionSpec spec, CancellationToken cancellationToken);

    /// <summary>Writes the container's log to <paramref name="output"/>; with follow, until the container ends.</summary>
    Task CopyLogsAsync(string id, LogQuery query, Stream output, CancellationToken cancellationToken);

    /// <summary>The image under a reference or id on this machine, or null.</summary>
    Task<ImageDetails?> FindImageAsync(string reference, CancellationToken cancellationToken);

    Task<IReadOnlyList<ImageDetails>> ListImagesAsync(CancellationToken cancellationToken);

    /// <summary>Pulls; null credentials pull anonymously.</summary>
    Task PullImageAsync(string reference, RegistryCredential? credential, CancellationToken cancellationToken);

    Task RemoveImageAsync(string reference, CancellationToken cancellationToken);

    /// <summary>
    /// Makes the pod network stand with this subnet, the engine's part and the host's. Idempotent; repairs what is missing.
    /// </summary>
    Task EnsureNetworkAsync(string podCidr, CancellationToken cancellationToken);

    /// <summary>Takes the pod network away again, rules and all.</summary>
    Task RemoveNetworkAsync(CancellationToken cancellationToken);
}

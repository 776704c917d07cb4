using Cluster.Containers.Network;
using Docker.DotNet;
using Docker.DotNet.Models;
using Microsoft.Extensions.Logging;

namespace Cluster.Containers.Docker;

/// <summary>The container runtime on the Docker engine.</summary>
public sealed partial class DockerRuntime : IContainerRuntime, IDisposable
{
    private readonly DockerRuntimeOptions options;
    private readonly ILogger logger;
    private readonly DockerClient client;
    private readonly CallGate calls;
    private readonly CallGate reads;
    private readonly CallGate pulls;
    private readonly NodeNetwork network;
    private readonly SemaphoreSlim pauseLock = new(1);
    private bool pauseImageStands;

    public DockerRuntime(DockerRuntimeOptions options, ILoggerFactory logs)
    {
        this.options = options;
        logger = logs.CreateLogger<DockerRuntime>();
        client = new DockerClientBuilder().WithEndpoint(options.Endpoint).WithTimeout(Timeout.InfiniteTimeSpan).Build();
        calls = new CallGate(options.ParallelCalls, options.CallTimeout);

        // Reads have a lane of their own: a queue of slow creates must not make the node blind.
        reads = new CallGate(options.ParallelCalls, options.ListTimeout);
        pulls = new CallGate(options.ParallelPulls, options.PullTimeout);
        network = new NodeNetwork(options.Network, logs.CreateLogger<NodeNetwork>());
    }

    public async Task<RuntimeInfo> GetInfoAsync(CancellationToken cancellationToken)
    {
        var info = await reads.RunAsync("info", client.System.GetSystemInfoAsync, cancellationToken);
        return new RuntimeInfo
        {
            Name = "docker",
            Version = info.ServerVersion,
            RootDirectory = info.DockerRootDir,
            DefaultHandler = info.DefaultRuntime,
            OperatingSystem = info.OperatingSystem,
            SupportsPrivileged = HostCapabilities.CanRaiseLimits,
        };
    }

    public async Task<string> CreateAsync(ContainerSpec container, CancellationToken cancellationToken)
    {
        var parameters = CreateParameters.For(container, options);
        return await CreateOrReplaceAsync(parameters, cancellationToken);
    }

    public async Task<string> RunSandboxAsync(SandboxSpec sandbox, CancellationToken cancellationToken)
    {
        await EnsurePauseImageAsync(cancellationToken);
        var id = await CreateOrReplaceAsync(CreateParameters.For(sandbox, options), cancellationToken);
        try
        {
            await StartAsync(id, cancellationToken);
            return id;
        }
        catch (RuntimeException)
        {
            // A sandbox that did not start holds its name and maybe an address: take it away before the next try.
            await RemoveAsync(id, cancellationToken);
            throw;
        }
    }

    public Task StartAsync(string id, CancellationToken cancellationToken) =>
        calls.RunAsync(
            "start", token => client.Containers.StartContainerAsync(id, new ContainerStartParameters(), token), cancellationToken);

    public async Task StopAsync(string id, TimeSpan grace, CancellationToken cancellationToken)
    {
        try
        {
            if (grace == TimeSpan.Zero) await KillAsync(id, cancellationToken);
            else await StopInTimeAsync(id, grace, cancellationToken);
        }
        catch (RuntimeException exception) when (exception.Failure == RuntimeFailure.NotFound)
        {
        }
    }

    public async Task RemoveAsync(string id, CancellationToken cancellationToken)
    {
        var parameters = new ContainerRemoveParameters { Force = true, RemoveVolumes = true };
        try
        {
            await calls.RunAsync("remove", token => client.Containers.RemoveContainerAsync(id, parameters, token), cancellationToken);
        }
        catch (RuntimeException exception) when (exception.Failure == RuntimeFailure.NotFound)
        {
        }
        catch (RuntimeException exception) when (exception.Failure == RuntimeFailure.Conflict)
        {
            // Somebody else is removing it this moment, which is what was asked for.
            logger.LogDebug("Removal of {Container} is under way: {Message}", id, exception.Message);
        }
    }

    /// <summary>Removes every container of this instance: what <c>cluster down</c> leaves nothing behind with.</summary>
    public async Task RemoveAllAsync(CancellationToken cancellationToken)
    {
        foreach (var container in await ListAsync(cancellationToken)) await RemoveAsync(container.Id, cancellationToken);
    }

    public void Dispose()
    {
        client.Dispose();
        calls.Dispose();
        reads.Dispose();
        pulls.Dispose();
        pauseLock.Dispose();
    }

    private Task StopInTimeAsync(string id, TimeSpan grace, CancellationToken cancellationToken)
    {
        var parameters = new ContainerStopParameters { WaitBeforeKillSeconds = (uint)Math.Ceiling(grace.TotalSeconds) };
        return CallGate.RunAsync(
            "stop", grace + options.CallTimeout, token => client.Containers.StopContainerAsync(id, parameters, token), cancellationToken);
    }

    // The library leaves out a zero, and the engine would wait for ten seconds.
    private async Task KillAsync(string id, CancellationToken cancellationToken)
    {
        try
        {
            var kill = new ContainerKillParameters { Signal = "SIGKILL" };
            await CallGate.RunAsync("kill", options.CallTimeout, token => client.Containers.KillContainerAsync(id, kill, token), cancellationToken);
        }
        catch (RuntimeException exception) when (exception.Failure == RuntimeFailure.Conflict)
        {
            // It does not run.
        }
    }

    private async Task<string> CreateOrReplaceAsync(CreateContainerParameters parameters, CancellationToken cancellationToken)
    {
        try
        {
            return await CreateAsync(parameters, cancellationToken);
        }
        catch (RuntimeException exception)
            when (exception.Failure == RuntimeFailure.Conflict && exception.Message.Contains("name", StringComparison.Ordinal))
        {
            await RequireOwnAsync(parameters.Name!, exception, cancellationToken);
            // The name belongs to a create whose answer we never saw (a timeout, a kill of ours): that one is of no use to anyone.
            logger.LogInformation("Replacing the container that holds the name {Name}", parameters.Name);
            await RemoveAsync(parameters.Name!, cancellationToken);
            return await CreateAsync(parameters, cancellationToken);
        }
    }

    // Another node's kubelet may work on this engine, or a person: what holds the name is theirs, and may be in use.
    private async Task RequireOwnAsync(string name, RuntimeException conflict, CancellationToken cancellationToken)
    {
        try
        {
            var found = await reads.RunAsync("inspect", token => client.Containers.InspectContainerAsync(name, token), cancellationToken);
            if (found.Config?.Labels is { } labels && labels.TryGetValue(ContainerLabels.Instance, out var instance) && instance == options.Instance)
                return;

            throw new RuntimeException(
                RuntimeFailure.Conflict, $"the name {name} belongs to a container that is not of this node ({ContainerLabels.Instance}={options.Instance}): remove or rename it", conflict);
        }
        catch (RuntimeException gone) when (gone.Failure == RuntimeFailure.NotFound)
        {
            // It went meanwhile: the name is free.
        }
    }

    private async Task<string> CreateAsync(CreateContainerParameters parameters, CancellationToken cancellationToken)
    {
        var created = await calls.RunAsync("create", token => client.Containers.CreateContainerAsync(parameters, token), cancellationToken);
        return created.ID;
    }
}

using Cluster.Containers;
using Cluster.Containers.Docker;
using Cluster.Containers.Network;
using Cluster.Proxy;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Cli.Hosting;

/// <summary>Takes away all that a cluster made on this machine. Every step is tried whatever became of those before it.</summary>
internal sealed class Teardown(DataDirectory data, TextWriter output, TimeProvider time)
{
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(20);
    private readonly List<string> failures = [];

    private NodeNetworkOptions Network => new() { OwnedPath = data.Owned };

    /// <returns>What could not be taken away, a line each; empty: nothing is left.</returns>
    public async Task<IReadOnlyList<string>> RunAsync(CancellationToken cancellationToken)
    {
        // First who would make it all again, then what they made.
        await TryAsync("the control plane", () => StopUpAsync(cancellationToken));
        await TryAsync("the proxy", () => ProxySupervisor.StopAsync(data, time, cancellationToken));
        if (UpLock.IsHeldByAnother(data))
        {
            // Containers, network, routes and rules carry no folder's name: those that stand now are the other cluster's.
            output.WriteLine("another cluster is up on this machine: its containers, routes and rules stay");
        }
        else
        {
            await TryAsync("containers", () => RemoveContainersAsync(cancellationToken));
            output.WriteLine("removing routes and rules");
            await TryAsync("the pod network's rules", () => new NodeNetwork(Network, NullLogger.Instance).RemoveAsync(cancellationToken));
            await TryAsync("routes and rules", () => NodePlane.RemoveAsync(new ProxyOptions { OwnedPath = data.Owned, SavedPath = data.ServiceTable }, NullLoggerFactory.Instance, cancellationToken));
        }

        await TryAsync("mounts", () => UnmountAsync(cancellationToken));
        await TryAsync("the container engine", () => StopEngineAsync(cancellationToken));
        return failures;
    }

    private async Task TryAsync(string what, Func<Task> step)
    {
        try
        {
            await step();
        }
        catch (Exception failure) when (Failures.Explain(failure) is not null || failure is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            failures.Add($"{what}: {failure.Message.ReplaceLineEndings(" ")}");
        }
    }

    private async Task StopUpAsync(CancellationToken cancellationToken)
    {
        if (ProcessRecord.Read(UpLock.PidPath(data)) is not { IsAlive: true } up) return;
        output.WriteLine($"stopping the control plane and the kubelet (pid {up.Pid})");
        await up.StopAsync(StopGrace, time, cancellationToken);
    }

    private async Task RemoveContainersAsync(CancellationToken cancellationToken)
    {
        using var runtime = new DockerRuntime(new DockerRuntimeOptions { Network = Network }, NullLoggerFactory.Instance);
        try
        {
            IReadOnlyList<ObservedContainer> containers = await runtime.ListAsync(cancellationToken);
            if (containers.Count > 0) output.WriteLine($"removing {containers.Count} containers");
            await Parallel.ForEachAsync(
                containers, cancellationToken, async (container, token) => await TryAsync($"container {container.Id}", () => runtime.RemoveAsync(container.Id, token)));
            await runtime.RemoveNetworkAsync(cancellationToken);
        }
        catch (RuntimeException failure) when (failure.Failure == RuntimeFailure.Unavailable)
        {
            // Without an engine no container runs.
        }
    }

    // Volumes in memory are mounts below the data folder.
    private async Task UnmountAsync(CancellationToken cancellationToken)
    {
        foreach (string mount in (await data.MountsAsync(cancellationToken)).Reverse())
        {
            using var umount = System.Diagnostics.Process.Start("umount", ["--", mount]);
            await umount.WaitForExitAsync(cancellationToken);
            if (umount.ExitCode != 0) throw new IOException($"umount {mount} ended with exit code {umount.ExitCode}");
        }
    }

    private async Task StopEngineAsync(CancellationToken cancellationToken)
    {
        var engine = new DockerEngine(new DockerEngineOptions { DataRoot = data.Root }, NullLogger<DockerEngine>.Instance);
        if (await engine.StopIfOursAsync(cancellationToken)) output.WriteLine("stopped the container engine that up had started");
    }
}

using Cluster.Containers;
using Cluster.Containers.Docker;
using Cluster.Containers.Network;
using Cluster.Proxy;
using Microsoft.Extensions.Logging.Abstractions;

namespace Cluster.Cli.Hosting;

/// <summary>Takes away all that a cluster made on this machine; each step stands alone, so that a kill between two loses nothing.</summary>
internal sealed class Teardown(DataDirectory data, TextWriter output, TimeProvider time)
{
    private static readonly TimeSpan StopGrace = TimeSpan.FromSeconds(20);

    public async Task RunAsync(CancellationToken cancellationToken)
    {
        // First who would make it all again, then what they made.
        if (ProcessRecord.Read(UpLock.PidPath(data)) is { IsAlive: true } up)
        {
            output.WriteLine($"stopping the control plane and the kubelet (pid {up.Pid})");
            await up.StopAsync(StopGrace, time, cancellationToken);
        }

        await ProxySupervisor.StopAsync(data, time, cancellationToken);
        await RemoveContainersAsync(cancellationToken);
        output.WriteLine("removing routes and rules");
        await NodePlane.RemoveAsync(new ProxyOptions { OwnedPath = data.Owned }, NullLoggerFactory.Instance, cancellationToken);
        await UnmountAsync(cancellationToken);
        if (await new DockerEngine(new DockerEngineOptions { DataRoot = data.Root }, NullLogger<DockerEngine>.Instance).StopIfOursAsync(cancellationToken))
            output.WriteLine("stopped the container engine that up had started");
    }

    private async Task RemoveContainersAsync(CancellationToken cancellationToken)
    {
        try
        {
            using var runtime = new DockerRuntime(new DockerRuntimeOptions(), NullLoggerFactory.Instance);
            IReadOnlyList<ObservedContainer> containers = await runtime.ListAsync(cancellationToken);
            if (containers.Count > 0) output.WriteLine($"removing {containers.Count} containers");
            await Parallel.ForEachAsync(containers, cancellationToken, async (container, token) => await runtime.RemoveAsync(container.Id, token));
            await runtime.RemoveNetworkAsync(cancellationToken);
        }
        catch (RuntimeException failure) when (failure.Failure == RuntimeFailure.Unavailable)
        {
            // Without an engine no container runs; the host's part of its network may still stand.
            await new NodeNetwork(new NodeNetworkOptions(), NullLogger.Instance).RemoveAsync(cancellationToken);
        }
    }

    // emptyDir volumes in memory are mounts below the data folder.
    private async Task UnmountAsync(CancellationToken cancellationToken)
    {
        string[] mounts = [.. (await File.ReadAllLinesAsync("/proc/self/mounts", cancellationToken))
            .Select(line => line.Split(' ')[1]).Where(path => path.StartsWith(data.Root + "/", StringComparison.Ordinal)).Reverse()];
        foreach (string mount in mounts)
        {
            using var umount = System.Diagnostics.Process.Start("umount", ["--", mount]);
            await umount.WaitForExitAsync(cancellationToken);
        }
    }
}

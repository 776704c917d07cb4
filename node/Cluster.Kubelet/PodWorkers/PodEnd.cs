using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Api.MetaV1;
using Cluster.Containers;
using Cluster.Kubelet.Lifecycle;
using Cluster.Kubelet.Volumes;

namespace Cluster.Kubelet.PodWorkers;

/// <summary>Stops a pod's containers, and takes away what is left of it.</summary>
internal sealed class PodEnd(NodeContext node, PodVolumes volumes)
{
    private static readonly TimeSpan SandboxGrace = TimeSpan.FromSeconds(10);
    private readonly ContainerKiller killer = new(node);
    private readonly DrainWait drain = new(node.Options.DrainSocket, node.Time);

    public Task KillAsync(Pod pod, KillOrder order, PodObservation observed, CancellationToken cancellationToken)
    {
        var grace = pod.Spec.HasTerminationGracePeriodSeconds
            ? TimeSpan.FromSeconds(pod.Spec.TerminationGracePeriodSeconds)
            : node.Options.DefaultGrace;
        return killer.KillAsync(pod, order.Container, grace, order.Message, Address(observed), cancellationToken);
    }

    /// <summary>Stops every container, all at once, then the sandbox. True if anything ran.</summary>
    public async Task<bool> StopAsync(Pod pod, PodObservation observed, TimeSpan grace, CancellationToken cancellationToken)
    {
        var running = observed.Running.ToList();
        var sandboxes = observed.Sandboxes.Where(sandbox => sandbox.IsRunning).ToList();
        if (running.Count > 0) grace = await drain.WaitAsync(pod, grace, cancellationToken);
        var stops = running.Select(container =>
            killer.KillAsync(
                pod, container, grace, $"Stopping container {container.Row.ContainerName}", Address(observed), cancellationToken));
        await Task.WhenAll(stops);
        await Task.WhenAll(sandboxes.Select(sandbox => node.Runtime.StopAsync(sandbox.Id, SandboxGrace, cancellationToken)));
        return running.Count + sandboxes.Count > 0;
    }

    /// <summary>Removes containers, sandboxes and files, then the pod itself from the API.</summary>
    public async Task RemoveAsync(PodTarget target, PodObservation observed, CancellationToken cancellationToken)
    {
        await Task.WhenAll(observed.Containers.Select(container => node.Runtime.RemoveAsync(container.Id, cancellationToken)));
        await Task.WhenAll(observed.Sandboxes.Select(sandbox => node.Runtime.RemoveAsync(sandbox.Id, cancellationToken)));
        volumes.Remove();
        if (!target.IsRemoved) await DeleteAsync(target.Pod, cancellationToken);
    }

    /// <summary>Removes dead containers but the newest of each name, which holds the last logs.</summary>
    public async Task RemoveOldAsync(PodObservation observed, CancellationToken cancellationToken)
    {
        foreach (var name in observed.Containers.Select(container => container.Row.ContainerName).Distinct())
        {
            foreach (var old in observed.All(name).Where(container => container.IsDead || container.IsStillborn).Skip(1))
                await node.Runtime.RemoveAsync(old.Id, cancellationToken);
        }
    }

    private async Task DeleteAsync(Pod pod, CancellationToken cancellationToken)
    {
        var options = new DeleteOptions { GracePeriodSeconds = 0, Preconditions = new Api.MetaV1.Preconditions { Uid = pod.Metadata.Uid } };
        try
        {
            await node.Client.DeleteAsync<Pod>(pod.Metadata.Namespace, pod.Metadata.Name, options, cancellationToken);
        }
        catch (StatusException exception) when (exception.IsNotFound || exception.IsConflict)
        {
            // Gone, or another pod of the name by now.
        }
    }

    private static string Address(PodObservation observed) => observed.RunningSandbox?.Row.Address ?? "";
}

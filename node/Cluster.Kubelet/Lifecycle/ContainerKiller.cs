using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Containers;

namespace Cluster.Kubelet.Lifecycle;

/// <summary>Stops containers gracefully: preStop hook and stop signal share the grace, then SIGKILL.</summary>
internal sealed class ContainerKiller(NodeContext node)
{
    /// <summary>What the stop signal gets even if the hook used up the grace.</summary>
    public static readonly TimeSpan MinimumGrace = TimeSpan.FromSeconds(2);

    private readonly LifecycleHooks hooks = new(node.Runtime, node.Prober, node.Time);

    public async Task KillAsync(
        Pod pod, SeenContainer seen, TimeSpan grace, string message, string podIP, CancellationToken cancellationToken)
    {
        var container = pod.Spec?.AllContainers().FirstOrDefault(candidate => candidate.Name == seen.Row.ContainerName);
        if (container is not null) node.Events.Normal(pod, container, "Killing", message);
        var began = node.Time.GetTimestamp();
        if (container?.Lifecycle?.PreStop is { } hook && grace > TimeSpan.Zero)
            await PreStopAsync(pod, container, hook, seen.Id, podIP, grace, cancellationToken);
        var left = grace - node.Time.GetElapsedTime(began);
        await node.Runtime.StopAsync(seen.Id, left > MinimumGrace ? left : grace < MinimumGrace ? grace : MinimumGrace, cancellationToken);
    }

    private async Task PreStopAsync(
        Pod pod, Container container, LifecycleHandler hook, string id, string podIP, TimeSpan grace, CancellationToken cancellationToken)
    {
        string? failure;
        try
        {
            failure = await hooks.RunAsync(container, hook, id, podIP, grace, cancellationToken);
        }
        catch (RuntimeException exception)
        {
            failure = exception.Message;
        }

        // A failed hook is told and the stop goes on.
        if (failure is not null) node.Events.Warning(pod, container, "FailedPreStopHook", $"PreStopHook failed: {failure}");
    }
}

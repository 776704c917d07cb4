using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Containers;
using Cluster.Kubelet.Lifecycle;
using Cluster.Kubelet.Variables;
using Cluster.Kubelet.Volumes;

namespace Cluster.Kubelet.PodWorkers;

/// <content>From a plan to running containers.</content>
internal sealed partial class PodSync
{
    private async Task<SyncResult> StartAsync(PodPlan plan, PodObservation observed, CancellationToken cancellationToken)
    {
        IReadOnlyDictionary<string, string> paths;
        try
        {
            paths = await volumes.MountAsync(
                current, new PodAddresses(PodIP(observed), node.Options.NodeAddress), node.Allocatable, cancellationToken);
        }
        catch (MountException exception)
        {
            node.Events.Warning(current, "FailedMount", exception.Message);
            return new SyncResult(node.Options.SyncPeriod, HasFailures: true);
        }

        if (plan.NewSandboxAttempt is { } attempt) return await NewSandboxAsync(attempt, observed, cancellationToken);
        var place = new StartPlace(observed.RunningSandbox!.Id, PodIP(observed), paths);
        foreach (var name in waiting.Keys.Except(plan.Start.Select(order => order.Container.Name)).ToList()) waiting.Remove(name);
        var next = PodVolumes.Changes(current) ? node.Options.VolumePeriod : node.Options.SyncPeriod;
        var started = false;
        var failed = false;
        foreach (var order in plan.Start)
        {
            var outcome = await StartOneAsync(order, place, cancellationToken);
            started |= outcome.Started;
            failed |= outcome.RetryAfter == TimeSpan.Zero;
            if (outcome.RetryAfter > TimeSpan.Zero && outcome.RetryAfter < next) next = outcome.RetryAfter;
        }

        await end.RemoveOldAsync(observed, cancellationToken);
        if (started) return Again();
        if (plan.Start.Count > 0) await PublishAsync(observed, cancellationToken);
        return new SyncResult(Deadline(next), failed);
    }

    private async Task<SyncResult> NewSandboxAsync(int attempt, PodObservation observed, CancellationToken cancellationToken)
    {
        if (attempt > 0) node.Events.Normal(current, "SandboxChanged", "Pod sandbox changed, it will be killed and re-created.");
        foreach (var old in observed.Sandboxes) await node.Runtime.RemoveAsync(old.Id, cancellationToken);
        try
        {
            if (await new RuntimeHandlers(node.Objects, node.Runtime).WhyNotAsync(current, cancellationToken) is { } why) return NoSandbox(why);
            await node.Runtime.RunSandboxAsync(SandboxSpecs.For(current, attempt), cancellationToken);
        }
        catch (Exception exception) when (exception is RuntimeException or StatusException)
        {
            return NoSandbox(exception.Message);
        }

        return Again();
    }

    private SyncResult NoSandbox(string why)
    {
        node.Events.Warning(current, "FailedCreatePodSandBox", $"Failed to create pod sandbox: {why}");
        Touch();
        return new SyncResult(node.Options.SyncPeriod, HasFailures: true);
    }

    /// <returns>Whether it was started; else when to try again, zero for the worker's own back-off.</returns>
    private async Task<(bool Started, TimeSpan RetryAfter)> StartOneAsync(
        StartOrder order, StartPlace place, CancellationToken cancellationToken)
    {
        var container = order.Container;
        var key = $"{current.Metadata.Uid}/{container.Name}/{ContainerHash.Of(container)}";
        if (order.Previous is { } previous)
        {
            var left = node.BackOff.Remaining(key, previous.FinishedAt);
            if (left > TimeSpan.Zero)
            {
                BackOff(container, node.BackOff.Current(key));
                return (false, left);
            }

            node.BackOff.Next(key, previous.FinishedAt);
        }

        // A container that vanished without a trace (removed by hand) still counts.
        if (order.Previous is null && lastAttempts.TryGetValue(container.Name, out var last) && last >= order.Attempt)
            order = order with { Attempt = last + 1 };
        try
        {
            await starter.StartAsync(current, order, place, cancellationToken);
            waiting.Remove(container.Name);
            return (true, TimeSpan.Zero);
        }
        catch (StartException exception)
        {
            waiting[container.Name] = (exception.Reason, exception.Message);
            Touch();
            return (false, exception.RetryAfter ?? TimeSpan.Zero);
        }
    }

    private void BackOff(Container container, TimeSpan delay)
    {
        var name = $"{current.Metadata.Name}_{current.Metadata.Namespace}({current.Metadata.Uid})";
        var message = $"back-off {Durations.Text(delay)} restarting failed container={container.Name} pod={name}";
        if (waiting.TryGetValue(container.Name, out var before) && before.Message == message) return;
        waiting[container.Name] = ("CrashLoopBackOff", message);
        node.Events.Warning(current, container, "BackOff", $"Back-off restarting failed container {container.Name} in pod {name}");
    }
}

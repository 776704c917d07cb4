using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Client;
using Cluster.Scheduler.Binding;
using Cluster.Scheduler.Framework;
using Cluster.Scheduler.Queue;
using Cluster.Scheduler.Snapshot;
using Microsoft.Extensions.Logging;

namespace Cluster.Scheduler;

/// <summary>Takes pods one by one, chooses, assumes, and hands the binding over: the next pod does not wait for it.</summary>
internal sealed class SchedulingLoop(
    SchedulerOptions options, Informer<Pod> pods, ClusterCache cache, SchedulingQueue queue, PodWrites writes, IClusterView cluster, TimeProvider time, ILogger logger)
{
    private readonly Dictionary<string, SchedulingProfile> _profiles = options.Profiles.ToDictionary(profile => profile.SchedulerName);
    private readonly NodeChooser _chooser = new(options.Random);

    /// <summary>Runs until cancelled.</summary>
    public async Task RunAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            var queued = await queue.TakeAsync(cancellationToken);
            try
            {
                if (Current(queued.Pod) is { } pod)
                    await ScheduleAsync(queued, pod, cancellationToken);
                else
                    queue.Remove(queued.Pod.Key);
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                queue.Retry(queued);
                throw;
            }
            catch (Exception e)
            {
                // A plug-in's bug must not stop the others' pods.
                logger.LogError(e, "Scheduling {Pod} failed", queued.Pod.Key);
                SchedulerMetrics.Attempt("error", queued.Pod, time.GetElapsedTime(queued.TakenAt));
                cache.Forget(queued.Pod);
                queue.Retry(queued);
            }
        }
    }

    private async Task ScheduleAsync(QueuedPod queued, PendingPod pod, CancellationToken cancellationToken)
    {
        var started = time.GetTimestamp();
        var choice = _chooser.Choose(_profiles[ClusterFeed.NameOf(pod.Spec)], new SchedulingCycle(pod, cache.Snapshot(), cluster));
        SchedulerMetrics.AlgorithmSeconds.Record(time.GetElapsedTime(started).TotalSeconds);
        if (choice.Node is { } node)
        {
            cache.Assume(pod, node.Name);
            await StartBindingAsync(queued, pod, node.Name, cancellationToken);
            return;
        }

        SchedulerMetrics.Attempt("unschedulable", pod, time.GetElapsedTime(queued.TakenAt));
        queue.Fail(queued, choice.Failure!.WakesOn);
        await writes.StartReportAsync(pod, choice.Failure, cancellationToken);
    }

    private async Task StartBindingAsync(QueuedPod queued, PendingPod pod, string node, CancellationToken cancellationToken)
    {
        try
        {
            await writes.StartBindingAsync(queued, pod, node, cancellationToken);
        }
        catch (OperationCanceledException)
        {
            cache.Forget(pod);
            throw;
        }
    }

    // The newest version; null if the pod got its node or went while it waited.
    private PendingPod? Current(PendingPod pod)
    {
        if (pods.Get(pod.Key) is not { } current || current.Metadata.Uid != pod.Uid || current.IsScheduled() || current.IsTerminating())
            return null;
        return ReferenceEquals(current, pod.Pod) ? pod : new PendingPod(current);
    }
}

using System.Text.Json.Nodes;
using Cluster.Api;
using Cluster.Client;
using Cluster.Scheduler.Framework;
using Cluster.Scheduler.Queue;
using Cluster.Scheduler.Snapshot;
using Microsoft.Extensions.Logging;

namespace Cluster.Scheduler.Binding;

/// <summary>Tells the API server what the scheduler decided: bindings, conditions, events. Runs beside the scheduling loop, bounded.</summary>
internal sealed class PodWrites(
    IApiClient client, ClusterCache cache, SchedulingQueue queue, EventRecorder events, int maxParallel, TimeProvider time, ILogger logger)
    : IAsyncDisposable
{
    private readonly SemaphoreSlim _slots = new(maxParallel);

    /// <summary>Waits for a slot and starts the binding of a pod that is assumed on the node.</summary>
    public async Task StartBindingAsync(QueuedPod queued, PendingPod pod, string node, CancellationToken cancellationToken)
    {
        await _slots.WaitAsync(cancellationToken);
        _ = InSlotAsync(() => BindAsync(queued, pod, node)); // owned by DisposeAsync, which waits for every slot
    }

    /// <summary>Waits for a slot and starts telling why the pod has no node.</summary>
    public async Task StartReportAsync(PendingPod pod, FitFailure failure, CancellationToken cancellationToken)
    {
        events.Record(pod.Pod, "Warning", "FailedScheduling", failure.Message);
        if (pod.Pod.GetCondition("PodScheduled") is { Status: "False", Reason: "Unschedulable" } condition && condition.Message == failure.Message)
            return;
        await _slots.WaitAsync(cancellationToken);
        _ = InSlotAsync(() => ReportAsync(pod, failure)); // owned by DisposeAsync
    }

    /// <summary>Waits for the writes under way; none may be started after.</summary>
    public async ValueTask DisposeAsync()
    {
        for (var slot = 0; slot < maxParallel; slot++)
            await _slots.WaitAsync();
        _slots.Dispose();
    }

    private async Task InSlotAsync(Func<Task> write)
    {
        try
        {
            await write();
        }
        finally
        {
            _slots.Release();
        }
    }

    // Not cancelled when the scheduler stops: what was begun is finished, so that its outcome is known.
    private async Task BindAsync(QueuedPod queued, PendingPod pod, string node)
    {
        var started = time.GetTimestamp();
        try
        {
            await client.BindAsync(pod.Key.Namespace, pod.Key.Name, node, pod.Uid, CancellationToken.None);
        }
        catch (Exception e)
        {
            // Whatever went wrong, the pod is not where we assumed it, as far as we know: the informer will tell if it is.
            Refused(queued, pod, node, e);
            return;
        }

        cache.FinishBinding(pod);
        queue.Remove(pod.Key);
        SchedulerMetrics.Attempt("scheduled", pod, time.GetElapsedTime(queued.TakenAt));
        SchedulerMetrics.Bound(queued.Attempts + 1, time.GetElapsedTime(queued.AddedAt));
        SchedulerMetrics.BindingSeconds.Record(time.GetElapsedTime(started).TotalSeconds);
        events.Record(pod.Pod, "Normal", "Scheduled", $"Successfully assigned {pod.Key} to {node}");
        logger.LogDebug("Pod {Pod} is bound to {Node}", pod.Key, node);
    }

    private void Refused(QueuedPod queued, PendingPod pod, string node, Exception e)
    {
        SchedulerMetrics.Attempt("error", pod, time.GetElapsedTime(queued.TakenAt));
        cache.Forget(pod);
        // Not of the node: a pod whose node went in between is still to be placed.
        if (e is StatusException { IsNotFound: true, Status.Details.Kind: not "nodes" })
        {
            queue.Remove(pod.Key);
            return;
        }

        queue.Retry(queued);
        logger.LogWarning("Binding {Pod} to {Node} failed and will be tried again: {Reason}", pod.Key, node, e.Message);
        events.Record(pod.Pod, "Warning", "FailedScheduling", $"binding rejected: {e.Message}");
    }

    private async Task ReportAsync(PendingPod pod, FitFailure failure)
    {
        try
        {
            var patch = PatchBody.Strategic(ConditionPatch(pod, failure));
            await client.PatchAsync<Api.CoreV1.Pod>(pod.Key.Namespace, pod.Key.Name, patch, "status", CancellationToken.None);
        }
        catch (Exception e)
        {
            // The condition is for people, and is written anew at the next attempt.
            logger.LogDebug("The condition of {Pod} was not written: {Reason}", pod.Key, e.Message);
        }
    }

    private string ConditionPatch(PendingPod pod, FitFailure failure)
    {
        var condition = new JsonObject
        {
            ["type"] = "PodScheduled",
            ["status"] = "False",
            ["reason"] = "Unschedulable",
            ["message"] = failure.Message,
        };
        if (pod.Pod.GetCondition("PodScheduled")?.Status != "False")
            condition["lastTransitionTime"] = time.GetUtcNow().UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", System.Globalization.CultureInfo.InvariantCulture);
        return new JsonObject { ["status"] = new JsonObject { ["conditions"] = new JsonArray(condition) } }.ToJsonString();
    }
}

using Cluster.Api;
using Cluster.Api.CoreV1;
using Cluster.Client;
using Microsoft.Extensions.Logging;

namespace Cluster.Kubelet.Status;

/// <summary>
/// Writes one pod's status to the API when it changed, the latest only, on a task of its own: an API that is slow or away never
/// holds up the pod's containers. Retries until it succeeds or the pod is gone.
/// </summary>
internal sealed class PodStatusWriter : IAsyncDisposable
{
    private readonly IApiClient client;
    private readonly TimeProvider time;
    private readonly ILogger logger;
    private readonly Signal signal = new();
    private readonly CancellationTokenSource stop = new();
    private readonly Lock sync = new();
    private readonly Task writing;
    private Pod latest;
    private PodStatus? wanted;
    private PodStatus? written;
    private TaskCompletionSource settled = NewSettled();

    public PodStatusWriter(Pod pod, IApiClient client, TimeProvider time, ILogger logger)
    {
        latest = pod;
        this.client = client;
        this.time = time;
        this.logger = logger;
        writing = Task.Run(RunAsync);
    }

    /// <summary>The pod as the watch shows it now: the base of the next write.</summary>
    public void Observe(Pod pod)
    {
        lock (sync) latest = pod;
    }

    public void Set(PodStatus status)
    {
        lock (sync)
        {
            if (status.Equals(wanted ?? written)) return;
            wanted = status;
            if (settled.Task.IsCompleted) settled = NewSettled();
        }

        signal.Set();
    }

    /// <summary>Waits until the last status set is written, or the pod is gone.</summary>
    public Task FlushAsync(CancellationToken cancellationToken)
    {
        lock (sync) return wanted is null ? Task.CompletedTask : settled.Task.WaitAsync(cancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await writing;
        stop.Dispose();
    }

    private async Task RunAsync()
    {
        var backoff = new Backoff(TimeSpan.FromMilliseconds(200), TimeSpan.FromSeconds(10));
        while (!stop.IsCancellationRequested)
        {
            if (await TryWriteAsync())
            {
                backoff.Reset();
                await signal.WaitAsync(Timeout.InfiniteTimeSpan, time, stop.Token);
            }
            else
            {
                await time.DelayQuietly(backoff.Next(), stop.Token);
            }
        }
    }

    /// <summary>Writes what is wanted; true when there is nothing left to write.</summary>
    private async Task<bool> TryWriteAsync()
    {
        Pod from;
        PodStatus status;
        lock (sync)
        {
            if (wanted is null) return true;
            (from, status) = (latest, wanted);
        }

        try
        {
            if (await WriteAsync(from, status) is { } stored) Observe(stored);
            return Settle(status);
        }
        catch (StatusException exception) when (exception.IsNotFound)
        {
            return Settle(status);
        }
        catch (StatusException exception) when (exception.IsConflict)
        {
            return await RefreshAsync(from, status);
        }
        catch (OperationCanceledException)
        {
            return false;
        }
        catch (Exception exception)
        {
            // Top of the writer: the API is away or refuses; what is wanted stays wanted.
            logger.LogWarning(
                "Status of pod {Namespace}/{Pod} was not written: {Message}", from.Metadata.Namespace, from.Metadata.Name,
                exception.Message);
            return false;
        }
    }

    private async Task<Pod?> WriteAsync(Pod from, PodStatus status)
    {
        var merged = Merge(from, status);
        if (merged.Equals(from.Status)) return null;
        var pod = from.Clone();
        pod.Status = merged;
        return await client.UpdateStatusAsync(pod, stop.Token);
    }

    /// <summary>After a conflict: reads the pod anew. A pod of another uid under the name is not ours to write.</summary>
    private async Task<bool> RefreshAsync(Pod from, PodStatus status)
    {
        try
        {
            var fresh = await client.GetAsync<Pod>(from.Metadata.Namespace, from.Metadata.Name, stop.Token);
            if (fresh.Metadata.Uid != from.Metadata.Uid) return Settle(status);
            Observe(fresh);
            return false;
        }
        catch (StatusException exception) when (exception.IsNotFound)
        {
            return Settle(status);
        }
        catch (Exception exception)
        {
            // As above: tried again after the back-off.
            logger.LogDebug("Reading pod {Pod} failed: {Message}", from.Metadata.Name, exception.Message);
            return false;
        }
    }

    private bool Settle(PodStatus status)
    {
        lock (sync)
        {
            written = status;
            if (!ReferenceEquals(wanted, status)) return false;
            wanted = null;
            settled.TrySetResult();
            return true;
        }
    }

    /// <summary>Conditions of others, such as readiness gates, stay; ours keep the time of their last change.</summary>
    private static PodStatus Merge(Pod from, PodStatus status)
    {
        var merged = status.Clone();
        foreach (var condition in merged.Conditions)
        {
            if (from.GetCondition(condition.Type) is { } before && before.Status == condition.Status
                && before.LastTransitionTime is not null)
                condition.LastTransitionTime = before.LastTransitionTime;
        }

        foreach (var condition in from.Status?.Conditions ?? [])
        {
            if (!PodConditions.Ours.Contains(condition.Type)) merged.Conditions.Add(condition.Clone());
        }

        if (from.Status is not { } old) return merged;
        merged.NominatedNodeName = old.NominatedNodeName;
        if (!old.StartTime.IsZero()) merged.StartTime = old.StartTime;
        return merged;
    }

    private static TaskCompletionSource NewSettled() => new(TaskCreationOptions.RunContinuationsAsynchronously);
}

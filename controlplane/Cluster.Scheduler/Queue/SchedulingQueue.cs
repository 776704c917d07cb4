using Cluster.Client;
using Cluster.Scheduler.Framework;
using Cluster.Scheduler.Snapshot;

namespace Cluster.Scheduler.Queue;

/// <summary>The pods without a node: active by priority and age, in back-off, or unschedulable until something changes.</summary>
/// <remarks>Safe for concurrent use; one loop takes pods. A pod stays known while it is in flight, until told scheduled or failed.</remarks>
internal sealed class SchedulingQueue : IDisposable
{
    private static readonly TimeSpan FirstBackoff = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan MaxBackoff = TimeSpan.FromSeconds(10);

    // However sure the plug-ins are of what wakes a pod, it is tried again after this time.
    private static readonly TimeSpan MaxUnschedulable = TimeSpan.FromSeconds(60);
    private static readonly TimeSpan FlushInterval = TimeSpan.FromSeconds(30);

    private readonly Lock _gate = new();
    private readonly TimeProvider _time;
    private readonly Dictionary<ObjectKey, QueuedPod> _pods = [];
    private readonly PriorityQueue<(QueuedPod Pod, int Ticket), (int Priority, long AddedAt)> _active = new();
    private readonly PriorityQueue<(QueuedPod Pod, int Ticket), long> _backoff = new();
    private readonly SemaphoreSlim _available = new(0);
    private readonly ITimer _backoffTimer;
    private readonly ITimer _flushTimer;

    public SchedulingQueue(TimeProvider time)
    {
        _time = time;
        _backoffTimer = time.CreateTimer(_ => EndBackoffs(), null, Timeout.InfiniteTimeSpan, Timeout.InfiniteTimeSpan);
        _flushTimer = time.CreateTimer(_ => Flush(), null, FlushInterval, FlushInterval);
    }

    /// <summary>How many pods wait in a state.</summary>
    public int Count(QueueState state)
    {
        lock (_gate)
            return _pods.Values.Count(pod => pod.State == state);
    }

    /// <summary>A pod without a node came or changed.</summary>
    /// <param name="pod">Its newest version.</param>
    /// <param name="mayHelp">The change may make it fit: labels or spec, not just status.</param>
    public void Set(PendingPod pod, bool mayHelp)
    {
        lock (_gate)
        {
            if (!_pods.TryGetValue(pod.Key, out var queued) || queued.Pod.Uid != pod.Uid)
            {
                _pods[pod.Key] = queued = new QueuedPod(pod, _time.GetTimestamp());
                ActivateLocked(queued);
                return;
            }

            queued.Pod = pod;
            if (!mayHelp)
                return;
            if (queued.State == QueueState.InFlight)
                queued.SeenInFlight = ClusterEvents.All;
            else if (queued.State == QueueState.Unschedulable)
                WakeLocked(queued);
        }
    }

    /// <summary>The pod has a node, or is gone.</summary>
    public void Remove(ObjectKey pod)
    {
        lock (_gate)
        {
            if (_pods.Remove(pod, out var queued))
                queued.Ticket++;
        }
    }

    /// <summary>The next pod to try, when there is one. To be followed by <see cref="Fail"/>, <see cref="Retry"/> or <see cref="Remove"/>.</summary>
    public async ValueTask<QueuedPod> TakeAsync(CancellationToken cancellationToken)
    {
        while (true)
        {
            await _available.WaitAsync(cancellationToken);
            lock (_gate)
            {
                if (_active.TryDequeue(out var place, out _) && place.Pod.Ticket == place.Ticket)
                {
                    place.Pod.State = QueueState.InFlight;
                    place.Pod.TakenAt = _time.GetTimestamp();
                    place.Pod.SeenInFlight = ClusterEvents.None;
                    return place.Pod;
                }
            }
        }
    }

    /// <summary>No node fits the pod until one of the events.</summary>
    public void Fail(QueuedPod pod, ClusterEvents wakesOn)
    {
        lock (_gate)
        {
            if (!ReturnLocked(pod))
                return;
            pod.WakesOn = wakesOn;
            pod.State = QueueState.Unschedulable;
            if ((pod.SeenInFlight & wakesOn) != 0)
                WakeLocked(pod);
        }
    }

    /// <summary>Something else went wrong: the pod is tried again after its back-off.</summary>
    public void Retry(QueuedPod pod)
    {
        lock (_gate)
        {
            if (ReturnLocked(pod))
                WakeLocked(pod);
        }
    }

    /// <summary>Something happened: pods it may help are tried again.</summary>
    public void Wake(ClusterEvents events)
    {
        lock (_gate)
        {
            foreach (var pod in _pods.Values)
            {
                if (pod.State == QueueState.InFlight)
                    pod.SeenInFlight |= events;
                else if (pod.State == QueueState.Unschedulable && (pod.WakesOn & events) != 0)
                    WakeLocked(pod);
            }
        }
    }

    public void Dispose()
    {
        _backoffTimer.Dispose();
        _flushTimer.Dispose();
    }

    // False if the pod was removed, or replaced by another of its name, while it was in flight.
    private bool ReturnLocked(QueuedPod pod)
    {
        if (!_pods.TryGetValue(pod.Pod.Key, out var known) || known != pod)
            return false;
        pod.Attempts++;
        pod.LastAttemptAt = _time.GetTimestamp();
        return true;
    }

    private void WakeLocked(QueuedPod pod)
    {
        var end = pod.LastAttemptAt + (long)(BackoffOf(pod.Attempts).TotalSeconds * _time.TimestampFrequency);
        if (_time.GetTimestamp() >= end)
        {
            ActivateLocked(pod);
            return;
        }

        pod.State = QueueState.Backoff;
        _backoff.Enqueue((pod, ++pod.Ticket), end);
        ArmLocked();
    }

    private void ActivateLocked(QueuedPod pod)
    {
        pod.State = QueueState.Active;
        // The higher first; the complement, as the lowest number has no negative.
        _active.Enqueue((pod, ++pod.Ticket), (~pod.Pod.Priority, pod.AddedAt));
        _available.Release();
    }

    private static TimeSpan BackoffOf(int attempts)
    {
        var backoff = FirstBackoff;
        for (var i = 1; i < attempts && backoff < MaxBackoff; i++)
            backoff *= 2;
        return backoff < MaxBackoff ? backoff : MaxBackoff;
    }

    private void EndBackoffs()
    {
        lock (_gate)
        {
            while (_backoff.TryPeek(out var place, out var end) && (end <= _time.GetTimestamp() || place.Pod.Ticket != place.Ticket))
            {
                _backoff.Dequeue();
                if (place.Pod.Ticket == place.Ticket)
                    ActivateLocked(place.Pod);
            }

            ArmLocked();
        }
    }

    private void ArmLocked()
    {
        if (!_backoff.TryPeek(out _, out var end))
            return;
        // A timer counts whole milliseconds: one too few would find nothing due and arm again at once.
        var wait = Math.Ceiling(_time.GetElapsedTime(_time.GetTimestamp(), end).TotalMilliseconds);
        _backoffTimer.Change(TimeSpan.FromMilliseconds(Math.Max(0, wait)), Timeout.InfiniteTimeSpan);
    }

    private void Flush()
    {
        lock (_gate)
        {
            foreach (var pod in _pods.Values)
            {
                if (pod.State == QueueState.Unschedulable && _time.GetElapsedTime(pod.LastAttemptAt) >= MaxUnschedulable)
                    WakeLocked(pod);
            }
        }
    }
}

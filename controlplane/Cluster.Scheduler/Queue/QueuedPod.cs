using Cluster.Scheduler.Framework;
using Cluster.Scheduler.Snapshot;

namespace Cluster.Scheduler.Queue;

/// <summary>Where a pod waits.</summary>
internal enum QueueState
{
    /// <summary>To be tried next.</summary>
    Active,

    /// <summary>To be tried when its back-off is over.</summary>
    Backoff,

    /// <summary>To be tried when something happens that may help it.</summary>
    Unschedulable,

    /// <summary>Being tried or bound.</summary>
    InFlight,
}

/// <summary>A pod that has no node yet. All but <see cref="Pod"/> belongs to the queue and is used under its lock.</summary>
internal sealed class QueuedPod(PendingPod pod, long addedAt)
{
    /// <summary>The newest version; the scheduling loop reads it after it took the pod.</summary>
    public PendingPod Pod { get; set; } = pod;

    /// <summary>When it came first: pods of the same priority are tried in this order.</summary>
    public long AddedAt { get; } = addedAt;

    public QueueState State { get; set; }

    /// <summary>When the attempt under way, or the last, began.</summary>
    public long TakenAt { get; set; }

    /// <summary>Failed attempts since it came.</summary>
    public int Attempts { get; set; }

    public long LastAttemptAt { get; set; }

    /// <summary>What may help it, as the plug-ins that rejected it said.</summary>
    public ClusterEvents WakesOn { get; set; }

    /// <summary>What happened while it was being tried: the attempt may have missed it.</summary>
    public ClusterEvents SeenInFlight { get; set; }

    /// <summary>Counts its moves, so that older places in the heaps are known as left.</summary>
    public int Ticket { get; set; }
}
